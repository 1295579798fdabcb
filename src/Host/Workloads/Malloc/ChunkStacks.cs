namespace Sim.Host.Workloads.Malloc;

/// <summary>Stacks of used chunks by size, last in, first out: fastbins and thread caches.</summary>
internal class ChunkStacks
{
    private const int None = ChunkTable.None;

    private readonly ChunkTable _chunks;
    private readonly int[] _tops;
    private readonly int[] _counts;

    /// <summary>Empty stacks.</summary>
    public ChunkStacks(ChunkTable chunks, int stacks)
    {
        _chunks = chunks;
        _counts = new int[stacks];
        _tops = new int[stacks];
        _tops.AsSpan().Fill(None);
    }

    /// <summary>Chunks on a stack.</summary>
    public int Count(int stack) => _counts[stack];

    /// <summary>Puts a chunk on a stack.</summary>
    public void Push(int stack, int chunk)
    {
        _chunks[chunk].Next = _tops[stack];
        _tops[stack] = chunk;
        _counts[stack]++;
    }

    /// <summary>Takes the chunk put on last, or none.</summary>
    public int Pop(int stack)
    {
        int chunk = _tops[stack];
        if (chunk != None)
        {
            _tops[stack] = _chunks[chunk].Next;
            _counts[stack]--;
        }
        return chunk;
    }
}
