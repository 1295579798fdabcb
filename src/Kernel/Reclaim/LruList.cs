using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>The lists that pages wait on to be reclaimed (<c>enum lru_list</c>, include/linux/mmzone.h).</summary>
public enum LruList : byte
{
    InactiveAnon,
    ActiveAnon,
    InactiveFile,
    ActiveFile,

    /// <summary>Pages that nothing can take away.</summary>
    Unevictable,
}

/// <summary>What the number of a list says.</summary>
public static class LruLists
{
    /// <summary>Number of lists.</summary>
    public const int Count = 5;

    /// <summary>Pages taken off a list together (<c>SWAP_CLUSTER_MAX</c>).</summary>
    public const int ClusterMax = 32;

    /// <summary>Lists of file pages.</summary>
    public static bool IsFile(this LruList list) => list is LruList.InactiveFile or LruList.ActiveFile;

    /// <summary>Lists of pages used lately.</summary>
    public static bool IsActive(this LruList list) => list is LruList.ActiveAnon or LruList.ActiveFile;

    /// <summary>Pages whose backing store is the swap area: anonymous ones, unless given up, and shared memory (<c>PG_swapbacked</c>).</summary>
    public static bool IsSwapBacked(in Frame frame) =>
        frame.Use == FrameUse.Shmem || (frame.Use == FrameUse.Anon && !frame.Has(PageFlags.LazyFree));

    /// <summary>The list a frame's flags put it on (<c>folio_lru_list</c>).</summary>
    public static LruList Of(in Frame frame) =>
        frame.Has(PageFlags.Unevictable) ? LruList.Unevictable
        : IsSwapBacked(in frame) ? frame.Has(PageFlags.Active) ? LruList.ActiveAnon : LruList.InactiveAnon
        : frame.Has(PageFlags.Active) ? LruList.ActiveFile : LruList.InactiveFile;
}
