using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>What compaction remembers and counts. Sourced state; only <c>Apply</c> changes it.</summary>
public sealed class CompactionState :
    IApply<CompactPosition>, IApply<CompactSkip>, IApply<CompactEnd>, IApply<CompactDefer>, IApply<CompactReset>, IApply<CompactDaemonWake>
{
    private readonly ZoneCompaction?[] _zones = new ZoneCompaction?[ZoneTypes.Count];
    private readonly PageAllocatorState _pages;
    private readonly int _blockPages;

    /// <param name="pages">The zones it is about.</param>
    public CompactionState(PageAllocatorState pages)
    {
        _pages = pages;
        _blockPages = 1 << pages.Profile.PageblockOrder;
        foreach (Zone zone in pages.Zones)
        {
            _zones[(int)zone.Type] = zone.IsPopulated ? new ZoneCompaction(zone, pages.Profile.PageblockOrder) : null;
        }
    }

    /// <summary>Frames the migrate scanners have looked at (<c>compact_migrate_scanned</c>).</summary>
    public long MigrateScanned { get; private set; }

    /// <summary>Frames the free scanners have looked at (<c>compact_free_scanned</c>).</summary>
    public long FreeScanned { get; private set; }

    /// <summary>Pages and free frames taken aside (<c>compact_isolated</c>).</summary>
    public long Isolated { get; private set; }

    /// <summary>Pages that could not be moved (<c>pgmigrate_fail</c>).</summary>
    public long Failed { get; private set; }

    /// <summary>Times kcompactd woke (<c>compact_daemon_wake</c>).</summary>
    public long DaemonWakes { get; private set; }

    /// <summary>Of <see cref="MigrateScanned"/> what kcompactd did.</summary>
    public long DaemonMigrateScanned { get; private set; }

    /// <summary>Of <see cref="FreeScanned"/> what kcompactd did.</summary>
    public long DaemonFreeScanned { get; private set; }

    /// <summary>What is remembered of a zone that has memory.</summary>
    public ZoneCompaction this[ZoneType zone] => _zones[(int)zone]!;

    public void Apply(in CompactPosition e, in EventHeader header)
    {
        ZoneCompaction zone = this[e.Zone];
        (zone.AsyncPfn, zone.SyncPfn, zone.FreePfn) = (e.AsyncPfn, e.SyncPfn, e.FreePfn);
    }

    public void Apply(in CompactSkip e, in EventHeader header) => this[_pages.Frames[e.Pfn].Zone].SetSkipped(e.Pfn, true);

    public void Apply(in CompactEnd e, in EventHeader header)
    {
        MigrateScanned += e.MigrateScanned;
        FreeScanned += e.FreeScanned;
        Isolated += e.Isolated;
        Failed += e.Failed;
        if (e.Daemon)
        {
            DaemonMigrateScanned += e.MigrateScanned;
            DaemonFreeScanned += e.FreeScanned;
        }
    }

    public void Apply(in CompactDefer e, in EventHeader header)
    {
        ZoneCompaction zone = this[e.Zone];
        (zone.Considered, zone.DeferShift, zone.OrderFailed, zone.Flush) = (e.Considered, e.DeferShift, e.OrderFailed, e.Flush);
    }

    public void Apply(in CompactDaemonWake e, in EventHeader header) => DaemonWakes++;

    /// <summary>Both ends of the zone move inward together (<c>__reset_isolation_suitable</c>).</summary>
    public void Apply(in CompactReset e, in EventHeader header)
    {
        ZoneCompaction state = this[e.Zone];
        Zone zone = state.Zone;
        long migrate = zone.StartPfn, free = zone.EndPfn - 1;
        long firstSource = free, lastTarget = migrate;
        bool source = false, target = false;
        state.Flush = false;
        for (; migrate < free; migrate += _blockPages, free -= _blockPages)
        {
            if (Reset(state, migrate, checkSource: true, checkTarget: source) && migrate < firstSource)
            {
                source = true;
                firstSource = state.InitMigratePfn = state.AsyncPfn = state.SyncPfn = migrate;
            }
            if (Reset(state, free, checkSource: target, checkTarget: true) && free > lastTarget)
            {
                target = true;
                lastTarget = state.InitFreePfn = state.FreePfn = free;
            }
        }
        if (firstSource >= lastTarget)
        {
            (state.AsyncPfn, state.SyncPfn, state.FreePfn) = (migrate, migrate, free);
        }
    }

    /// <summary>Appends the state to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(MigrateScanned);
        hash.Add(FreeScanned);
        hash.Add(Isolated);
        hash.Add(Failed);
        hash.Add(DaemonWakes);
        hash.Add(DaemonMigrateScanned);
        hash.Add(DaemonFreeScanned);
        foreach (ZoneCompaction? zone in _zones)
        {
            zone?.HashInto(ref hash);
        }
    }

    /// <summary>Clears a block's mark if a sample, every eighth frame, finds what makes it worth a scan (<c>__reset_isolation_pfn</c>).</summary>
    private bool Reset(ZoneCompaction state, long pfn, bool checkSource, bool checkTarget)
    {
        Zone zone = state.Zone;
        ref Frame at = ref _pages.Frames[pfn];
        if (at.State == FrameState.Hole || at.Zone != zone.Type
            || (at.State == FrameState.Allocated && at.Order >= _pages.Profile.PageblockOrder))
        {
            return false;
        }
        if (checkSource && checkTarget && !state.IsSkipped(pfn))
        {
            return true;
        }
        if (!checkSource && checkTarget && zone.PageblockType(pfn) != MigrateType.Movable)
        {
            return false;
        }
        long start = Math.Max(pfn & -_blockPages, zone.StartPfn), last = Math.Min(pfn | (_blockPages - 1L), zone.EndPfn - 1);
        for (long sample = start; sample <= last; sample += 1 << PageOrder.Costly)
        {
            ref Frame frame = ref _pages.Frames.At(sample);
            if ((checkSource && IsMovable(in frame)) || (checkTarget && frame.State == FrameState.Buddy))
            {
                state.SetSkipped(sample, false);
                return true;
            }
        }
        return false;
    }

    /// <summary>True for a single frame that holds a page of a kind that can be moved (the kernel's PageLRU and __PageMovable).</summary>
    public static bool IsMovable(in Frame frame) =>
        frame.State == FrameState.Allocated && frame.Order == 0
        && (frame.Use is FrameUse.Anon or FrameUse.File or FrameUse.Shmem
            || (frame.Use == FrameUse.None && frame.MigrateType == MigrateType.Movable && frame.Owner > 0));
}
