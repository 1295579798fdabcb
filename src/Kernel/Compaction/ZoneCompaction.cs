using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>What compaction remembers of a zone between passes (the <c>compact_*</c> fields of <c>struct zone</c>). Sourced state.</summary>
public sealed class ZoneCompaction
{
    private readonly ulong[] _skip;
    private readonly int _firstBlock;
    private readonly int _pageblockOrder;

    internal ZoneCompaction(Zone zone, int pageblockOrder)
    {
        Zone = zone;
        _pageblockOrder = pageblockOrder;
        _firstBlock = (int)(zone.StartPfn >> pageblockOrder);
        _skip = new ulong[(((zone.EndPfn - 1) >> pageblockOrder) - _firstBlock + 64) >> 6];
    }

    /// <summary>The zone.</summary>
    public Zone Zone { get; }

    /// <summary>Where the migrate scanner of a pass that never waits starts (<c>compact_cached_migrate_pfn[0]</c>).</summary>
    public long AsyncPfn { get; internal set; }

    /// <summary>Where that of a pass that waits starts (<c>compact_cached_migrate_pfn[1]</c>).</summary>
    public long SyncPfn { get; internal set; }

    /// <summary>Where the free scanner starts (<c>compact_cached_free_pfn</c>).</summary>
    public long FreePfn { get; internal set; }

    /// <summary>First block worth scanning for pages to move, when the marks were last cleared.</summary>
    public long InitMigratePfn { get; internal set; }

    /// <summary>Last block worth scanning for free frames, when the marks were last cleared.</summary>
    public long InitFreePfn { get; internal set; }

    /// <summary>Requests that have left the zone alone since compaction last failed (<c>compact_considered</c>).</summary>
    public int Considered { get; internal set; }

    /// <summary>Logarithm of how many will (<c>compact_defer_shift</c>).</summary>
    public int DeferShift { get; internal set; }

    /// <summary>Lowest order at which compaction failed (<c>compact_order_failed</c>).</summary>
    public int OrderFailed { get; internal set; }

    /// <summary>The marks are to be cleared when kswapd goes to sleep (<c>compact_blockskip_flush</c>).</summary>
    public bool Flush { get; internal set; }

    /// <summary>True when a page block is skipped by scanners until its mark is cleared (PB_migrate_skip).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsSkipped(long pfn)
    {
        int block = (int)(pfn >> _pageblockOrder) - _firstBlock;
        return (_skip[block >> 6] & (1UL << (block & 63))) != 0;
    }

    internal void SetSkipped(long pfn, bool skip)
    {
        int block = (int)(pfn >> _pageblockOrder) - _firstBlock;
        ulong bit = 1UL << (block & 63);
        _skip[block >> 6] = skip ? _skip[block >> 6] | bit : _skip[block >> 6] & ~bit;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(AsyncPfn);
        hash.Add(SyncPfn);
        hash.Add(FreePfn);
        hash.Add(InitMigratePfn);
        hash.Add(InitFreePfn);
        hash.Add(((long)Considered << 32) | ((long)DeferShift << 16) | ((long)OrderFailed << 1) | (Flush ? 1L : 0));
        hash.AddSpan<ulong>(_skip);
    }
}
