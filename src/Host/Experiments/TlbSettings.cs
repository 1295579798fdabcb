namespace Sim.Host.Experiments;

/// <summary>The translation buffers of each CPU. Defaults: Intel Skylake.</summary>
public sealed record TlbSettings
{
    [Setting("First level for instructions, 4 KiB pages.")]
    public TlbSizeSettings L1Instruction { get; init; } = new(128, 8);

    [Setting("First level for instructions, large pages.")]
    public TlbSizeSettings L1InstructionLarge { get; init; } = new(8, 8);

    [Setting("First level for data, 4 KiB pages.")]
    public TlbSizeSettings L1Data { get; init; } = new(64, 4);

    [Setting("First level for data, large pages.")]
    public TlbSizeSettings L1DataLarge { get; init; } = new(32, 4);

    [Setting("Second level for instructions and data of both page sizes.")]
    public TlbSizeSettings L2 { get; init; } = new(1536, 12);

    [Setting("Extra core cycles of a translation found in the second level.", Min = 0, Max = 1_000_000)]
    public int L2HitCycles { get; init; } = 7;

    [Setting("Entries of the cache of page-directory entries: a power of two, or 0 for none.", Min = 0, Max = 65_536)]
    public int PdeCacheEntries { get; init; } = 32;

    [Setting("Process-context identifiers: entries are tagged, and a change of address space flushes nothing.")]
    public bool Pcid { get; init; }
}
