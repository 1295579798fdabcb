namespace Sim.Host.Workloads.Malloc;

/// <summary>A thread's cache of up to seven freed chunks for each of the 64 least sizes (tcache_perthread_struct).</summary>
internal sealed class ThreadCache(ChunkTable chunks, MallocAbi abi) : ChunkStacks(chunks, (int)Bins)
{
    /// <summary>TCACHE_MAX_BINS.</summary>
    public const uint Bins = 64;

    /// <summary>TCACHE_FILL_COUNT.</summary>
    private const int MaxChunks = 7;

    /// <summary>A size's stack; sizes it does not cache have one from <see cref="Bins"/> on (csize2tidx).</summary>
    public ulong IndexOf(ulong chunkBytes) => (chunkBytes - abi.MinChunkBytes + MallocAbi.Alignment - 1) / MallocAbi.Alignment;

    /// <summary>Whether a chunk of a size can be put in.</summary>
    public bool HasRoom(ulong chunkBytes) => IndexOf(chunkBytes) < Bins && Count((int)IndexOf(chunkBytes)) < MaxChunks;

    /// <summary>Puts a chunk in.</summary>
    public void Put(ulong chunkBytes, int chunk) => Push((int)IndexOf(chunkBytes), chunk);

    /// <summary>Takes a chunk of a size, or none.</summary>
    public int Take(ulong chunkBytes) => IndexOf(chunkBytes) < Bins ? Pop((int)IndexOf(chunkBytes)) : ChunkTable.None;
}
