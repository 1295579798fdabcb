namespace Sim.Hardware.Tlb;

/// <summary>Entries and ways of one translation buffer; its sets (entries ÷ ways) are a power of two.</summary>
/// <param name="Entries">Entries in all.</param>
/// <param name="Ways">Entries of a set.</param>
public readonly record struct TlbSize(int Entries, int Ways)
{
    /// <summary>Number of sets.</summary>
    public int Sets => Ways == 0 ? 0 : Entries / Ways;
}

/// <summary>
/// Geometry and cost of the TLBs of one CPU. Defaults: Intel Skylake (Intel Optimization Reference Manual, table
/// "Skylake microarchitecture TLB parameters").
/// </summary>
public sealed record TlbOptions
{
    /// <summary>First level for instructions, 4 KiB pages.</summary>
    public TlbSize L1Instruction { get; init; } = new(128, 8);

    /// <summary>First level for instructions, large pages.</summary>
    public TlbSize L1InstructionLarge { get; init; } = new(8, 8);

    /// <summary>First level for data, 4 KiB pages.</summary>
    public TlbSize L1Data { get; init; } = new(64, 4);

    /// <summary>First level for data, large pages.</summary>
    public TlbSize L1DataLarge { get; init; } = new(32, 4);

    /// <summary>Second level for instructions and data of both page sizes.</summary>
    public TlbSize L2 { get; init; } = new(1536, 12);

    /// <summary>Extra core cycles of a translation found in the second level.</summary>
    public int L2HitCycles { get; init; } = 7;

    /// <summary>Entries of the cache of page-directory entries that shortens walks; a power of two, 0 for none.</summary>
    public int PdeCacheEntries { get; init; } = 32;

    /// <summary>Process-context identifiers: entries are tagged, and a CR3 load flushes nothing.</summary>
    public bool Pcid { get; init; }
}
