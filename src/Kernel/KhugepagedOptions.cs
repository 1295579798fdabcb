namespace Sim.Kernel;

/// <summary>The thread that makes huge pages of small ones (<c>/sys/kernel/mm/transparent_hugepage/khugepaged</c>).</summary>
public sealed record KhugepagedOptions
{
    /// <summary>Pages it looks at before it sleeps (<c>pages_to_scan</c>).</summary>
    public int PagesToScan { get; init; } = 4_096;

    /// <summary>How long it sleeps then, in milliseconds (<c>scan_sleep_millisecs</c>).</summary>
    public int ScanSleepMs { get; init; } = 10_000;

    /// <summary>How long it waits, once, when there is no block, in milliseconds (<c>alloc_sleep_millisecs</c>).</summary>
    public int AllocSleepMs { get; init; } = 60_000;

    /// <summary>Pages of a block that may not be there yet (<c>max_ptes_none</c>).</summary>
    public int MaxPtesNone { get; init; } = 511;

    /// <summary>Pages of a block that may be read from the swap area for it (<c>max_ptes_swap</c>).</summary>
    public int MaxPtesSwap { get; init; } = 64;

    /// <summary>Pages of a block that others may map too (<c>max_ptes_shared</c>).</summary>
    public int MaxPtesShared { get; init; } = 256;

    /// <summary>It compacts and reclaims for a block (<c>defrag</c>).</summary>
    public bool Defrag { get; init; } = true;
}
