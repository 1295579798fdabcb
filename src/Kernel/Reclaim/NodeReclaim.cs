using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// One walk over the node's lists at a priority, in steps of 32 pages a list: how much of each list is looked at, and when it
/// is enough (<c>shrink_node</c>, <c>get_scan_count</c>, <c>shrink_lruvec</c> of mm/vmscan.c, Linux 6.1).
/// </summary>
internal sealed class NodeReclaim
{
    private static readonly LruList[] Evictable = [LruList.InactiveAnon, LruList.ActiveAnon, LruList.InactiveFile, LruList.ActiveFile];

    private readonly PageReclaimer _pages;
    private readonly PageAllocatorState _memory;
    private readonly ReclaimState _state;
    private readonly int _swappiness;

    public NodeReclaim(PageReclaimer pages, PageAllocatorState memory, ReclaimOptions options)
    {
        _pages = pages;
        _memory = memory;
        _state = pages.State;
        _swappiness = options.Swappiness;
    }

    /// <summary>Caches of objects that are shrunk with the lists; null for none.</summary>
    public SlabShrinkers? Shrinkers { get; set; }

    /// <summary>Walks over generations instead of lists; null for lists.</summary>
    public GenerationReclaim? Generations { get; set; }

    private LruState Lru => _state.Lru;

    /// <summary>Begins a walk at the pass's priority.</summary>
    public void Begin(ReclaimPass pass)
    {
        (pass.Taken, pass.Writeback, pass.Immediate, pass.WalkReclaimed, pass.QueueFull) = (0, 0, 0, 0, false);
        (pass.FileTaken, pass.UnqueuedDirty) = (0, 0);
        if (Generations is not null)
        {
            Generations.Begin(pass);
            return;
        }
        Prepare(pass);
        CountScans(pass);
        pass.Left.CopyTo(pass.Targets, 0);
        pass.Proportional = !pass.Kswapd && pass.Priority == ReclaimPass.DefaultPriority;
    }

    /// <summary>Looks at up to 32 pages of each list; false when the walk is over.</summary>
    public bool Step(ReclaimPass pass, CpuClock cpu)
    {
        if (Generations is not null)
        {
            bool more = Generations.Step(pass, cpu);
            if (!more)
            {
                End(pass, cpu);
            }
            return more;
        }
        long[] left = pass.Left;
        if (left[(int)LruList.InactiveAnon] + left[(int)LruList.ActiveFile] + left[(int)LruList.InactiveFile] == 0)
        {
            End(pass, cpu);
            return false;
        }
        foreach (LruList list in Evictable)
        {
            int pages = (int)Math.Min(left[(int)list], LruLists.ClusterMax);
            if (pages > 0)
            {
                left[(int)list] -= pages;
                pass.WalkReclaimed += Shrink(list, pages, pass, cpu);
            }
        }
        if (pass.QueueFull || (pass.WalkReclaimed >= pass.Wanted && !pass.Proportional && !Balance(pass)))
        {
            End(pass, cpu);
            return false;
        }
        return true;
    }

    /// <summary>True when the inactive list is shorter than its share (<c>inactive_is_low</c>): as long as the active one, up to 1 GiB.</summary>
    public bool IsInactiveLow(bool file)
    {
        long inactive = Lru.Size(file ? LruList.InactiveFile : LruList.InactiveAnon);
        long active = Lru.Size(file ? LruList.ActiveFile : LruList.ActiveAnon);
        long gib = (inactive + active) >> (30 - Page.Shift);
        long ratio = gib == 0 ? 1 : Watermarks.SquareRoot(10 * gib);
        return inactive * ratio < active;
    }

    /// <summary>Before kswapd reclaims: sees to it that there is something old enough (<c>kswapd_age_node</c>).</summary>
    public void Age(ReclaimPass pass, CpuClock cpu)
    {
        if (Generations is not null)
        {
            Generations.AgeNode(pass, cpu);
        }
        else
        {
            AgeAnon(pass, cpu);
        }
    }

    /// <summary>Keeps the inactive list of anonymous pages long enough.</summary>
    private void AgeAnon(ReclaimPass pass, CpuClock cpu)
    {
        if (_state.Swap.Area.Pages > 0 && IsInactiveLow(file: false))
        {
            _pages.ShrinkActive(LruList.ActiveAnon, LruLists.ClusterMax, pass, cpu);
        }
    }

    private void End(ReclaimPass pass, CpuClock cpu)
    {
        pass.Reclaimed += pass.WalkReclaimed;
        if (Generations is null)
        {
            AgeAnon(pass, cpu);
        }
        if (Shrinkers is not null && pass.Gfp != GfpFlags.None)
        {
            pass.Reclaimed += Shrinkers.Shrink(pass.Gfp, pass.Priority, cpu, pass.Cause);
        }
        if (pass.Kswapd)
        {
            pass.AllWriteback |= pass.Writeback > 0 && pass.Writeback == pass.Taken;
            // As in the kernel this holds, too, when no page of a file was looked at.
            pass.AllDirty |= pass.UnqueuedDirty == pass.FileTaken;
        }
    }

    private int Shrink(LruList list, int pages, ReclaimPass pass, CpuClock cpu)
    {
        if (!list.IsActive())
        {
            return _pages.ShrinkInactive(list, pages, pass, cpu);
        }
        if (list.IsFile() ? pass.DeactivateFile : pass.DeactivateAnon)
        {
            _pages.ShrinkActive(list, pages, pass, cpu);
        }
        else
        {
            pass.SkippedDeactivate = true;
        }
        return 0;
    }

    /// <summary>What may be taken, by how the lists and refaults have developed (<c>prepare_scan_count</c>).</summary>
    private void Prepare(ReclaimPass pass)
    {
        pass.DeactivateAnon = pass.ForceDeactivate || IsInactiveLow(file: false)
            || _state[VmEvent.WorkingsetActivateAnon] != _state.WorkingSet.Refaults(file: false);
        pass.DeactivateFile = pass.ForceDeactivate || IsInactiveLow(file: true)
            || _state[VmEvent.WorkingsetActivateFile] != _state.WorkingSet.Refaults(file: true);
        pass.CacheTrim = Lru.Size(LruList.InactiveFile) >> pass.Priority > 0 && !pass.DeactivateFile;
        long free = 0, high = 0;
        foreach (Zone zone in _memory.Zones)
        {
            free += zone.FreePagesCounter;
            high += zone.Watermark(Watermark.High);
        }
        long file = Lru.Size(LruList.ActiveFile) + Lru.Size(LruList.InactiveFile);
        pass.FileIsTiny = file + free <= high && !pass.DeactivateAnon && Lru.Size(LruList.InactiveAnon) >> pass.Priority > 0;
    }

    /// <summary>How many pages of each list to look at (<c>get_scan_count</c>).</summary>
    private void CountScans(ReclaimPass pass)
    {
        WorkingSet cost = _state.WorkingSet;
        bool anonOnly = false, fileOnly = false, equal = false;
        if (!pass.MaySwap || _state.Swap.Area.Free == 0)
        {
            fileOnly = true;
        }
        else if (pass.Priority == 0 && _swappiness > 0)
        {
            equal = true;
        }
        else if (pass.FileIsTiny)
        {
            anonOnly = true;
        }
        else if (pass.CacheTrim)
        {
            fileOnly = true;
        }
        long total = cost.AnonCost + cost.FileCost;
        long anonCost = total + cost.AnonCost, fileCost = total + cost.FileCost;
        total = anonCost + fileCost;
        long anonPart = _swappiness * (total + 1) / (anonCost + 1), filePart = (200 - _swappiness) * (total + 1) / (fileCost + 1);
        foreach (LruList list in Evictable)
        {
            long scan = Lru.SizeUpTo(list, pass.Highest) >> pass.Priority;
            if (fileOnly || anonOnly)
            {
                scan = list.IsFile() == fileOnly ? scan : 0;
            }
            else if (!equal)
            {
                scan = (long)((Int128)scan * (list.IsFile() ? filePart : anonPart) / (anonPart + filePart));
            }
            pass.Left[(int)list] = scan;
        }
    }

    /// <summary>Enough was freed: leaves the lists in proportion to what they were to give; false when one of the two kinds is done.</summary>
    private static bool Balance(ReclaimPass pass)
    {
        long[] left = pass.Left, targets = pass.Targets;
        long anon = left[(int)LruList.InactiveAnon] + left[(int)LruList.ActiveAnon];
        long file = left[(int)LruList.InactiveFile] + left[(int)LruList.ActiveFile];
        if (anon == 0 || file == 0)
        {
            return false;
        }
        bool stopsAnon = file > anon;
        int stopped = stopsAnon ? (int)LruList.InactiveAnon : (int)LruList.InactiveFile;
        int other = stopsAnon ? (int)LruList.InactiveFile : (int)LruList.InactiveAnon;
        long percent = (stopsAnon ? anon : file) * 100 / (targets[stopped] + targets[stopped + 1] + 1);
        left[stopped] = left[stopped + 1] = 0;
        for (int list = other; list <= other + 1; list++)
        {
            long scanned = targets[list] - left[list];
            left[list] = targets[list] * (100 - percent) / 100;
            left[list] -= Math.Min(left[list], scanned);
        }
        return true;
    }
}
