using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// Reclaim from generations (<c>lru_gen_shrink_lruvec</c>, <c>evict_folios</c>, <c>should_run_aging</c>, <c>try_to_inc_max_seq</c>,
/// <c>lru_gen_age_node</c> of mm/vmscan.c, Linux 6.1): takes from the oldest, in steps of 64 pages, and walks page tables for a new
/// youngest one when the oldest run short.
/// </summary>
internal sealed class GenerationReclaim
{
    private readonly PageReclaimer _pages;
    private readonly AddressSpaces _spaces;
    private readonly PageAllocatorState _memory;
    private readonly ReclaimState _state;
    private readonly GenerationState _lru;
    private readonly TaskTable _tasks;
    private readonly Journal _journal;
    private readonly OomKiller _oom;
    private readonly int _swappiness;
    private readonly long _scanPs, _entryPs, _minTtlPs;

    public GenerationReclaim(
        PageReclaimer pages, AddressSpaces spaces, PageAllocatorState memory, TaskTable tasks, Journal journal, OomKiller oom, ReclaimOptions options)
    {
        _pages = pages;
        _spaces = spaces;
        _memory = memory;
        _state = pages.State;
        _lru = _state.Lru.Generations!;
        _tasks = tasks;
        _journal = journal;
        _oom = oom;
        _swappiness = options.Swappiness;
        _scanPs = options.ScanPageNs * 1000L;
        _entryPs = options.WalkEntryNs * 1000L;
        _minTtlPs = options.MinTtlMs * 1_000_000_000L;
    }

    /// <summary>Begins a walk.</summary>
    public void Begin(ReclaimPass pass)
    {
        (pass.SortedOrTaken, pass.YoungestAtStart) = (0, _lru.Youngest);
        (pass.NeedsAging, pass.Swapped, pass.Drained) = (false, false, false);
    }

    /// <summary>Takes up to 64 pages from the oldest generation; false when the walk is over.</summary>
    public bool Step(ReclaimPass pass, CpuClock cpu)
    {
        if (!pass.Drained)
        {
            _pages.Drain(cpu, pass.Cause);
            pass.Drained = true;
        }
        int swappiness = SwappinessOf(pass);
        long wanted = PagesToScan(pass, swappiness > 0, cpu);
        int scanned = wanted == 0 ? 0 : Evict(pass, swappiness, cpu);
        pass.SortedOrTaken += scanned;
        if (scanned == 0 || pass.QueueFull)
        {
            return false;
        }
        if (pass.SortedOrTaken < wanted && !IsEnough(pass))
        {
            return true;
        }
        if (pass.WalkReclaimed >= GenerationScan.MaxTaken && !pass.NeedsAging)
        {
            pass.AgesFirst = false;
        }
        return false;
    }

    /// <summary>kswapd is about to reclaim: opens a generation when there is need of one, and keeps the promise of <see cref="ReclaimOptions.MinTtlMs"/>.</summary>
    public void AgeNode(ReclaimPass pass, CpuClock cpu)
    {
        pass.ReclaimedBefore = pass.Reclaimed;
        if (!pass.AgesFirst)
        {
            pass.AgesFirst = true;
            return;
        }
        bool canSwap = Swappiness() > 0;
        bool needed = ShouldAge(canSwap, pass.Priority, out long pages);
        if (_minTtlPs > 0)
        {
            bool young = cpu.TimePs < _lru.BornPs(_lru.Oldest(file: true)) + _minTtlPs;
            if (young || (pages == 0 && pass.Priority != ReclaimPass.DefaultPriority))
            {
                if (pass.Order == 0)
                {
                    _oom.OutOfMemory(0, pass.Gfp, 0, cpu, pass.Cause);
                }
                return;
            }
        }
        if (needed)
        {
            Age(canSwap, cpu, pass.Cause);
        }
    }

    /// <summary>How many entries that map a page were accessed; their neighbours are looked at too (<c>folio_referenced</c>).</summary>
    public int References(int pfn, ReclaimPass pass, CpuClock cpu, long cause, out bool executable, out bool locked)
    {
        int references = 0;
        executable = locked = false;
        ReverseMap map = _spaces.ReverseMap;
        bool canSwap = SwappinessOf(pass) > 0;
        for (int entry = map.First(pfn); entry != 0; entry = map.Next(entry))
        {
            (int pid, long vpn) = map[entry];
            AddressSpace mm = _spaces[pid];
            ulong address = (ulong)vpn << 12;
            VmFlags flags = _spaces.Areas[mm.Areas.Handle(mm.Areas.Find(address))].VmFlags;
            if ((flags & VmFlags.Locked) != 0)
            {
                locked = true;
                return references;
            }
            if ((_spaces.Tables.ReadPte(mm.Root, address) & (ulong)PteFlags.Accessed) == 0 || (flags & VmFlags.SequentialRead) != 0)
            {
                continue;
            }
            references++;
            executable |= (flags & VmFlags.Exec) != 0;
            if ((flags & VmFlags.RandomRead) == 0)
            {
                var around = new LruGenLookAround(pid, vpn, canSwap);
                EventHeader header = _journal.Emit(in around, cause);
                _spaces.Apply(in around, in header);
                ChargeWalk(cpu);
            }
        }
        return references;
    }

    /// <summary><c>get_swappiness</c>: no anonymous page can go when hardly a slot is left.</summary>
    private int Swappiness() => _state.Swap.Area.Free < TierControl.MinBatchPages ? 0 : _swappiness;

    private int SwappinessOf(ReclaimPass pass)
    {
        int swappiness = Swappiness();
        return pass.MaySwap || !pass.Kswapd ? swappiness : Math.Min(swappiness, 1);
    }

    /// <summary>How much to look at in this walk; opens a generation when there is need of one (<c>get_nr_to_scan</c>).</summary>
    private long PagesToScan(ReclaimPass pass, bool canSwap, CpuClock cpu)
    {
        pass.NeedsAging = ShouldAge(canSwap, pass.Priority, out long pages);
        if (!pass.NeedsAging)
        {
            return pages;
        }
        if (pass.Priority != ReclaimPass.DefaultPriority)
        {
            if (pass.Kswapd)
            {
                return 0;
            }
            Age(canSwap, cpu, pass.Cause);
            return pages;
        }
        return _lru.Count(file: !canSwap) > GenerationState.MinGenerations ? pages : 0;
    }

    /// <summary>Whether there are too few generations, too many pages in the youngest, or too few old ones (<c>should_run_aging</c>).</summary>
    private bool ShouldAge(bool canSwap, int priority, out long pagesToScan)
    {
        long total = 0, young = 0, old = 0;
        for (int kind = canSwap ? 0 : 1; kind < 2; kind++)
        {
            bool file = kind == 1;
            for (long sequence = _lru.Oldest(file); sequence <= _lru.Youngest; sequence++)
            {
                long size = _lru.Size(sequence, file);
                total += size;
                young += sequence == _lru.Youngest ? size : 0;
                old += sequence + GenerationState.MinGenerations == _lru.Youngest ? size : 0;
            }
        }
        pagesToScan = total >> priority;
        int spare = _lru.Count(file: !canSwap) - GenerationState.MinGenerations - 1;
        return spare < 0 || (spare == 0
            && (young * GenerationState.MinGenerations > total || old * (GenerationState.MinGenerations + 2) < total));
    }

    /// <summary>Walks the page tables of all processes that ran, and opens a new generation (<c>try_to_inc_max_seq</c>).</summary>
    private void Age(bool canSwap, CpuClock cpu, long cause)
    {
        bool first = true, forced = false;
        for (int pid = 1; pid <= _spaces.MaxPid; pid++)
        {
            if (_spaces.Find(pid) is not { } mm)
            {
                continue;
            }
            forced |= mm.WalkedRanTimes < 0;
            (long ran, bool runs) = RanTimes(pid);
            long size = mm.FileRss + (canSwap ? mm.AnonRss + mm.ShmemRss : 0);
            if (size < TierControl.MinBatchPages || (!forced && !runs && ran == mm.WalkedRanTimes))
            {
                continue;
            }
            var walk = new LruGenWalk(pid, first, canSwap, forced, ran);
            EventHeader header = _journal.Emit(in walk, cause);
            _spaces.Apply(in walk, in header);
            ChargeWalk(cpu);
            first = false;
        }
        var age = new LruGenAge(canSwap);
        EventHeader aged = _journal.Emit(in age, cause);
        _spaces.Apply(in age, in aged);
    }

    private void ChargeWalk(CpuClock cpu) => cpu.Charge((_spaces.LastWalk.Entries * _entryPs) + (_spaces.LastWalk.Young * _scanPs));

    /// <summary>How often the tasks of an address space were given a CPU, and whether one of them has it (<c>lru_gen_use_mm</c>).</summary>
    private (long Times, bool Now) RanTimes(int mm)
    {
        long times = 0;
        bool now = false;
        for (int pid = mm; pid <= _tasks.MaxPid; pid++)
        {
            TaskInfo task = _tasks[pid];
            times += task.Mm == mm ? task.Switches : 0;
        }
        for (int cpu = 0; cpu < _tasks.Cpus; cpu++)
        {
            now |= _tasks[_tasks.Current(cpu)].Mm == mm;
        }
        return (times, now);
    }

    /// <summary>Takes pages off the oldest generation of the kind that refaults least, and reclaims them (<c>evict_folios</c>).</summary>
    /// <returns>How many were looked at; 0 when nothing more can be had.</returns>
    private int Evict(ReclaimPass pass, int swappiness, CpuClock cpu)
    {
        bool file;
        int tier = -1;
        if (swappiness == 0)
        {
            file = true;
        }
        else if (_lru.Oldest(file: false) < _lru.Oldest(file: true))
        {
            file = false;
        }
        else if (swappiness is 1 or 200)
        {
            file = swappiness == 1;
        }
        else
        {
            (file, tier) = _lru.Tiers.Choose(swappiness);
        }
        int scanned = Scan(file, tier, pass, cpu, out long cause);
        if (scanned == 0 && swappiness > 0)
        {
            file = !file;
            scanned = Scan(file, -1, pass, cpu, out cause);
        }
        if (_lru.HasEmpty(swappiness > 0))
        {
            var retire = new LruGenRetire(swappiness > 0);
            EventHeader header = _journal.Emit(in retire, pass.Cause);
            _lru.Apply(in retire, in header);
            scanned++;
        }
        if (_lru.Count(file: swappiness == 0) == GenerationState.MinGenerations)
        {
            scanned = 0;
        }
        int taken = _state.Lru.Isolated;
        if (taken > 0)
        {
            pass.Scanned += taken;
            pass.Taken += taken;
            pass.FileTaken += file ? taken : 0;
            pass.WalkReclaimed += _pages.LookAtAll(pass, out _, cpu, cause);
            pass.Swapped |= !file;
        }
        return scanned;
    }

    private int Scan(bool file, int tier, ReclaimPass pass, CpuClock cpu, out long cause)
    {
        cause = pass.Cause;
        if (_lru.Count(file) == GenerationState.MinGenerations || !_lru.HasOldest(file))
        {
            return 0;
        }
        bool mayPageout = pass.MayWrite && (pass.Kswapd || pass.MaySwap);
        var scan = new LruGenScan(file, (byte)(tier < 0 ? _lru.Tiers.LastTier(file) : tier), pass.Highest, pass.Kswapd, mayPageout);
        EventHeader header = _journal.Emit(in scan, pass.Cause);
        _spaces.Apply(in scan, in header);
        cause = header.Sequence;
        GenerationScanResult result = _spaces.LastScan;
        cpu.Charge(result.Scanned * _scanPs);
        return result.Taken > 0 || result.Spent ? result.Scanned : 0;
    }

    /// <summary>Stops a walk that has done its part, before it swaps more than is needed (<c>should_abort_scan</c>).</summary>
    private bool IsEnough(ReclaimPass pass)
    {
        long freed = pass.Reclaimed + pass.WalkReclaimed;
        if (pass.Kswapd)
        {
            if (freed - pass.ReclaimedBefore < pass.Wanted)
            {
                return false;
            }
        }
        else if (_lru.Youngest - pass.YoungestAtStart > 1 || (freed >= pass.Wanted && pass.Swapped))
        {
            return true;
        }
        else if (pass.Gfp == GfpFlags.None)
        {
            // A cgroup's limit says nothing of the zones.
            return false;
        }
        if (pass.Priority > ReclaimPass.DefaultPriority - 2)
        {
            return false;
        }
        foreach (Zone zone in _memory.Zones)
        {
            if (zone.IsPopulated && zone.Type <= pass.Highest
                && zone.Watermark(pass.Kswapd ? Watermark.High : Watermark.Low) > zone.FreePages)
            {
                return false;
            }
        }
        pass.WalkReclaimed += GenerationScan.MaxTaken;
        return true;
    }
}
