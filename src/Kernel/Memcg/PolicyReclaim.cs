using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Replacement;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Memcg;

/// <summary>
/// Reclaims pages of the cgroup that a replacement policy chooses, one after the other; unmapping, slots, writing and freeing are the
/// kernel's own. The policy's handles are frame numbers. It knows pages by accessed bits, which are cleared in the TLB too, or if it is an
/// oracle by <see cref="IReferenceOracle"/>. Execution state.
/// </summary>
/// <remarks>
/// A page that goes in another way, unmapped or freed, is found to be gone when the policy chooses it. The allocation that gave it its
/// frame tells it from a later page in the same frame.
/// </remarks>
internal sealed class PolicyReclaim : IGroupReclaim, IPageActivity, IPageFuture
{
    private const long Gone = -1;

    private readonly AddressSpaces _spaces;
    private readonly MemcgState _group;
    private readonly FrameTable _frames;
    private readonly PageReclaimer _pages;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly IReplacementPolicy _policy;
    private readonly ReclaimPass _pass = new() { MaySwap = true, MayWrite = true, IgnoreReferences = true, Highest = (ZoneType)(ZoneTypes.Count - 1) };
    private readonly int _reclaimPages;
    private readonly long _tickNs;
    private readonly long[] _joined;
    private readonly long[] _runsSincePs;
    private readonly List<(long Pfn, long AllocatedBy)> _written = [];
    private readonly List<int> _kept = [];
    private readonly Dictionary<int, long> _vpnOfSlot = [];
    private readonly List<(int Pid, long Vpn)> _places = [];
    private long _nowPs, _nextTickNs, _moment;
    private int _count;
    private CpuClock? _cpu;

    public PolicyReclaim(
        AddressSpaces spaces, FrameTable frames, PageReclaimer pages, Journal journal, ITlbFlush tlb, ReclaimOptions options, MemcgOptions memcg, int cpus)
    {
        _spaces = spaces;
        _group = spaces.Reclaim!.Memcg!;
        _frames = frames;
        _pages = pages;
        _journal = journal;
        _tlb = tlb;
        _reclaimPages = memcg.ReclaimPages;
        _tickNs = _nextTickNs = options.PolicyTickNs;
        _joined = new long[frames.Count];
        Array.Fill(_joined, Gone);
        _runsSincePs = new long[cpus];
        Array.Fill(_runsSincePs, long.MaxValue);
        int most = (int)Math.Min(memcg.MaxPages, frames.Count);
        _policy = options.Policy switch
        {
            PagePolicy.LruOracle => new LastUsePolicy(this),
            PagePolicy.OptOracle => new NextUsePolicy(this),
            _ => PagePolicies.Describe(options.Policy).Create(new ReplacementSettings(most, this, 2 * _tickNs)),
        };
        _policy.Reserve(frames.Count);
    }

    /// <summary>Knows all references; for oracles.</summary>
    [field: NotInSnapshot]
    public IReferenceOracle? References { get; set; }

    /// <summary>How long tasks have run outside faults, in nanoseconds.</summary>
    public long Now => _nowPs / 1000;

    /// <summary>No task runs while pages are reclaimed: each time is a moment.</summary>
    public long Moment => _moment;

    /// <summary>A fault begins: the task's time stops.</summary>
    public void Stop(CpuClock cpu)
    {
        ref long since = ref _runsSincePs[cpu.Id];
        _nowPs += Math.Max(cpu.TimePs - since, 0);
        since = long.MaxValue;
    }

    /// <summary>A fault is resolved: the task's time goes on.</summary>
    public void Go(CpuClock cpu) => _runsSincePs[cpu.Id] = cpu.TimePs;

    /// <summary>A page has joined the lists.</summary>
    public void Join(long pfn)
    {
        if (!_group.IsCharged(pfn))
        {
            return;
        }
        Forget((int)pfn);
        _joined[pfn] = _frames[pfn].AllocatedBy;
        _policy.Insert((int)pfn);
        _count++;
    }

    /// <inheritdoc/>
    public long Reclaim(CpuClock cpu, long cause)
    {
        (_cpu, _pass.Cause, _pass.QueueFull) = (cpu, cause, false);
        _moment++;
        if (Now >= _nextTickNs)
        {
            // Late when nobody has faulted for longer than a tick.
            _nextTickNs = Now + _tickNs;
            _policy.Tick();
        }
        long freed = FreeWritten();
        while (freed + _written.Count < _reclaimPages && !_pass.QueueFull && (_count > 0 || (_kept.Count == 0 && Adopt())))
        {
            int pfn = _policy.Evict(-1);
            _count--;
            bool here = IsHere(pfn);
            _joined[pfn] = Gone;
            if (here)
            {
                freed += TakeAway(pfn) ? 1 : 0;
            }
        }
        foreach (int pfn in _kept)
        {
            Join(pfn);
        }
        _kept.Clear();
        _cpu = null;
        return freed;
    }

    /// <inheritdoc/>
    public bool TestAndClearAccessed(int page)
    {
        if (!IsHere(page) || !_spaces.AnyEntryHas(page, PteFlags.Accessed))
        {
            return false;
        }
        var e = new ReclaimClearAccessed(page);
        EventHeader header = _journal.Emit(in e, _pass.Cause);
        _spaces.Apply(in e, in header);
        ReverseMap map = _spaces.ReverseMap;
        for (int entry = map.First(page); entry != 0; entry = map.Next(entry))
        {
            ulong address = (ulong)map[entry].Vpn << 12;
            _tlb.FlushRange(_spaces[map[entry].Pid], address, address + 4096, _cpu!.Id, header.Sequence);
        }
        return true;
    }

    /// <inheritdoc/>
    public bool IsDirty(int page) => _frames[page].Has(PageFlags.Dirty) || _spaces.AnyEntryHas(page, PteFlags.Dirty);

    /// <summary>Pages are written when they are chosen, not before.</summary>
    public void StartWriting(int page)
    {
    }

    /// <inheritdoc/>
    public long NextUse(int page)
    {
        long next = long.MaxValue;
        foreach ((int pid, long vpn) in PlacesOf(page))
        {
            next = Math.Min(next, References!.NextUse(pid, vpn));
        }
        return next;
    }

    /// <inheritdoc/>
    public long LastUse(int page)
    {
        long last = -1;
        foreach ((int pid, long vpn) in PlacesOf(page))
        {
            last = Math.Max(last, References!.LastUse(pid, vpn));
        }
        return last;
    }

    /// <inheritdoc/>
    public long Position => References!.Position;

    private bool IsHere(int pfn) => _joined[pfn] != Gone && _joined[pfn] == _frames[pfn].AllocatedBy && _group.IsCharged(pfn);

    private void Forget(int pfn)
    {
        if (_joined[pfn] != Gone)
        {
            _joined[pfn] = Gone;
            _policy.Remove(pfn);
            _count--;
        }
    }

    /// <summary>Has a page reclaimed; true when it is free, otherwise it is being written, or goes back among the kept ones of this round.</summary>
    private bool TakeAway(int pfn)
    {
        int entry = _spaces.ReverseMap.First(pfn);
        long vpn = entry != 0 ? _spaces.ReverseMap[entry].Vpn : -1, by = _frames[pfn].AllocatedBy;
        bool freed = _pages.TakeAway(pfn, _pass, _cpu!);
        _pages.Finish(_cpu!, _pass.Cause);
        if (freed)
        {
            return true;
        }
        if (!_frames[pfn].Has(PageFlags.Writeback))
        {
            _kept.Add(pfn);
            return false;
        }
        _written.Add((pfn, by));
        if (_frames[pfn].Use == FrameUse.Anon && vpn >= 0)
        {
            _vpnOfSlot[_spaces.ReverseMap.Mapping(pfn)] = vpn;
        }
        return false;
    }

    /// <summary>Frees the pages chosen before that have been written; one that a process has asked for since stays.</summary>
    private long FreeWritten()
    {
        long freed = 0;
        for (int i = 0; i < _written.Count;)
        {
            (long pfn, long by) = _written[i];
            bool here = _frames[pfn].AllocatedBy == by && _group.IsCharged(pfn);
            if (here && _frames[pfn].Has(PageFlags.Writeback))
            {
                i++;
                continue;
            }
            _written.RemoveAt(i);
            if (here && _frames[pfn].MapCount > 0)
            {
                Join(pfn);
            }
            else if (here)
            {
                freed += TakeAway((int)pfn) ? 1 : 0;
            }
        }
        return freed;
    }

    /// <summary>Takes in pages of the lists that the policy does not know, because they moved or were there before it.</summary>
    private bool Adopt()
    {
        foreach (LruList list in (ReadOnlySpan<LruList>)[LruList.InactiveFile, LruList.InactiveAnon, LruList.ActiveFile, LruList.ActiveAnon])
        {
            for (long pfn = _frames.First(_spaces.Reclaim!.Lru.Head(list)); pfn >= 0; pfn = _frames.Next(pfn))
            {
                if (!IsHere((int)pfn) && !_frames[pfn].Has(PageFlags.Writeback))
                {
                    Join(pfn);
                }
            }
        }
        return _count > 0;
    }

    /// <summary>Where a page is mapped, or will be when it is accessed there.</summary>
    private List<(int Pid, long Vpn)> PlacesOf(int pfn)
    {
        _places.Clear();
        ref Frame frame = ref _frames[pfn];
        ReverseMap map = _spaces.ReverseMap;
        if (!IsHere(pfn))
        {
            return _places;
        }
        if (frame.Use is FrameUse.File or FrameUse.Shmem)
        {
            AddFilePlaces(map.Mapping(pfn), (uint)frame.Index, pfn);
            return _places;
        }
        for (int entry = map.First(pfn); entry != 0; entry = map.Next(entry))
        {
            _places.Add(map[entry]);
        }
        if (_places.Count == 0 && _vpnOfSlot.TryGetValue(map.Mapping(pfn), out long vpn))
        {
            // Swapped in, or read ahead, and not mapped yet.
            _places.Add((References!.Pid, vpn));
        }
        return _places;
    }

    /// <summary>All places in areas of the file, but those where a process has a copy of its own.</summary>
    private void AddFilePlaces(int file, long pgoff, long pfn)
    {
        if (_spaces.Find(References!.Pid) is not { } mm)
        {
            return;
        }
        for (AreaCursor at = mm.Areas.Find(0); mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref _spaces.Areas[mm.Areas.Handle(at)];
            long pages = (long)((area.VmEnd - area.VmStart) >> 12);
            if (area.VmFile != file || pgoff < area.VmPgoff || pgoff >= area.VmPgoff + pages)
            {
                continue;
            }
            ulong address = area.VmStart + ((ulong)(pgoff - area.VmPgoff) << 12);
            ulong pte = _spaces.Tables.ReadPte(mm.Root, address);
            if (pte == 0 || (Swap.SwapFormat.IsPage(pte) && _spaces.Tables.Mode.PfnOf(pte) == pfn))
            {
                _places.Add((mm.Pid, (long)(address >> 12)));
            }
        }
    }
}
