namespace Sim.Host.Workloads.Malloc;

/// <summary>Freed chunks of the least sizes that the thread cache had no room for, not merged until <see cref="IsFilled"/> is asked for.</summary>
internal sealed class FastBins(ChunkTable chunks, MallocAbi abi) : ChunkStacks(chunks, (int)(abi.MaxFastBytes / MallocAbi.Alignment) + 1)
{
    /// <summary>have_fastchunks: something was put in since they were emptied; it may have been taken out again.</summary>
    public bool IsFilled { get; set; }

    /// <summary>One more than the greatest stack.</summary>
    public int Stacks { get; } = (int)(abi.MaxFastBytes / MallocAbi.Alignment) + 1;

    /// <summary>Whether chunks of a size go here.</summary>
    public bool Takes(ulong chunkBytes) => chunkBytes <= abi.MaxFastBytes;

    /// <summary>Puts a chunk in.</summary>
    public void Put(ulong chunkBytes, int chunk)
    {
        IsFilled = true;
        Push(StackOf(chunkBytes), chunk);
    }

    /// <summary>Takes the chunk of a size put in last, or none.</summary>
    public int Take(ulong chunkBytes) => Pop(StackOf(chunkBytes));

    private static int StackOf(ulong chunkBytes) => (int)(chunkBytes / MallocAbi.Alignment);
}
