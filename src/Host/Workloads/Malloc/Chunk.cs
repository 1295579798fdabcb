namespace Sim.Host.Workloads.Malloc;

/// <summary>What a chunk is to the allocator.</summary>
internal enum ChunkState : byte
{
    /// <summary>No chunk: its place in the table is free.</summary>
    None,

    /// <summary>The program's, or waiting in a fastbin or the thread cache, where its neighbours take it for used.</summary>
    Used,

    /// <summary>On a bin, to be merged with its neighbours.</summary>
    Free,

    /// <summary>The last chunk of the heap, from which what no bin has is cut.</summary>
    Top,

    /// <summary>A mapping of its own.</summary>
    Mapped,

    /// <summary>The end of a part of the heap that others have continued.</summary>
    Fence,
}

/// <summary>A piece of memory, header included.</summary>
internal struct Chunk
{
    /// <summary>Where its header begins.</summary>
    public ulong Address;

    /// <summary>Header included.</summary>
    public ulong Bytes;

    /// <summary>Of a mapped chunk: bytes of the mapping before it.</summary>
    public ulong OffsetBytes;

    /// <summary>The chunk that ends where this one begins, or -1.</summary>
    public int Below;

    /// <summary>The chunk that begins where this one ends, or -1.</summary>
    public int Above;

    /// <summary>Neighbour on its bin, fastbin or thread cache, or -1.</summary>
    public int Next;

    /// <summary>Neighbour on its bin, or -1.</summary>
    public int Previous;

    /// <summary>The bin it is on.</summary>
    public byte Bin;

    /// <summary>What it is.</summary>
    public ChunkState State;
}
