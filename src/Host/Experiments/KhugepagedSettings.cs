namespace Sim.Host.Experiments;

/// <summary>khugepaged.</summary>
public sealed record KhugepagedSettings
{
    [Setting("Pages it looks at before it sleeps (pages_to_scan).", Min = 1, Max = int.MaxValue)]
    public int PagesToScan { get; init; } = 4_096;

    [Setting("How long it sleeps then, in ms (scan_sleep_millisecs).", Min = 1, Max = 86_400_000)]
    public int ScanSleepMs { get; init; } = 10_000;

    [Setting("How long it waits, once, when there is no block, in ms (alloc_sleep_millisecs).", Min = 0, Max = 86_400_000)]
    public int AllocSleepMs { get; init; } = 60_000;

    [Setting("Pages of a block that may not be there yet (max_ptes_none).", Min = 0, Max = 511)]
    public int MaxPtesNone { get; init; } = 511;

    [Setting("Pages of a block that may be read from the swap area for it (max_ptes_swap).", Min = 0, Max = 511)]
    public int MaxPtesSwap { get; init; } = 64;

    [Setting("Pages of a block that others may map too (max_ptes_shared).", Min = 0, Max = 511)]
    public int MaxPtesShared { get; init; } = 256;

    [Setting("It compacts and reclaims for a block (khugepaged/defrag).")]
    public bool Defrag { get; init; } = true;
}
