using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Faults;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Replacement;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>Reclaim, swap and the OOM killer, put together.</summary>
internal sealed class MemoryReclaim : IPageAdvice
{
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ReclaimOptions _options;
    private readonly NodeReclaim _node;
    private readonly OomKiller _oom;
    private readonly ReclaimState _state;
    private readonly PageWaiters _waiters = new();
    private readonly Flusher _flusher;
    private readonly PageReclaimer _pages;
    private readonly AddressSpaces _spaces;
    private readonly ReclaimPass _wished = new() { MaySwap = true, MayWrite = true, Highest = (ZoneType)(ZoneTypes.Count - 1) };
    private readonly List<int> _ofRange = [];

    public MemoryReclaim(
        VirtualMemoryState state, KernelOptions options, Cpu[] cpus, PageAllocator allocator, Journal journal, Scheduler scheduler,
        ITlbFlush tlb, BlockDeviceOptions disks, KernelThreads threads)
    {
        _spaces = state.Spaces;
        _state = state.Spaces.Reclaim!;
        _allocator = allocator;
        _journal = journal;
        _options = options.Reclaim;
        ZramPool? pool = options.Swap.AllAreas.Any(area => area.Device == SwapDevice.Zram)
            ? new ZramPool(_state.Swap, allocator, journal, disks.CompressedMemory.PagesPerFrame)
            : null;
        Io = new SwapIo(state.Spaces, journal, scheduler, cpus[0], s => options.Swap.AllAreas.Select(area => DeviceOf(area.Device, disks, s)), _options, pool, _waiters);
        int shared = AreaOnDiskOfFiles(options);
        IBlockDevice files = shared >= 0 ? Io.Devices[shared] : DeviceOf(DiskOfFiles(options), disks, scheduler);
        var extents = new FileExtents(shared >= 0 ? options.Swap.AllAreas[shared].Slots : 0, disks.HardDisk.Pages);
        Files = new FileIo(state.Spaces, allocator.State.Frames, journal, scheduler, cpus[0], files, extents, _waiters, _options);
        Writer = new PageWriter(state.Spaces, allocator.State.Frames, journal, tlb, Files, _options);
        _flusher = new Flusher(allocator.State, _state, Writer, Files, journal, threads, cpus.Length, options.PageCache);
        Throttle = new DirtyThrottle(allocator.State, _state, _flusher, journal, scheduler, options.PageCache);
        PageReclaimer pages = _pages = new PageReclaimer(state.Spaces, allocator, journal, tlb, Io, Files, _flusher, _options, options.MmCosts);
        _node = new NodeReclaim(pages, allocator.State, _options);
        _oom = new OomKiller(state.Oom!, state.Spaces, journal);
        if (_state.Lru.Generations is not null)
        {
            _node.Generations = pages.Generations = new GenerationReclaim(
                pages, state.Spaces, allocator.State, state.Tasks, journal, _oom, _options);
        }
        Direct = new DirectReclaim(allocator.State, _node, _state, journal, _oom);
        Direct.Flusher = _flusher;
        allocator.Reclaim = Direct;
        if (_state.Memcg is not null)
        {
            Policy = _options.Policy == PagePolicy.Linux
                ? null
                : new PolicyReclaim(state.Spaces, allocator.State.Frames, pages, journal, tlb, _options, options.Memcg, cpus.Length);
            Group = new MemoryCgroup(
                _state, Policy ?? (IGroupReclaim)new ListReclaim(_node, _state, journal, options.Memcg.ReclaimPages), _oom, journal, options.Memcg);
        }
        var charged = new ChargedPages(allocator, journal, _state.Lru, Group, Policy, pages);
        Readahead = new Readahead(state.Spaces, allocator.State.Frames, charged, journal, Files, options.PageCache);
        FileFaults = new FileFaults(state.Spaces, allocator.State.Frames, Readahead, Files, Throttle);
        SwapFaults = new SwapFaults(state.Spaces, allocator.State.Frames, journal, Io, charged);
        ShmemFaults = new ShmemFaults(state.Spaces, allocator.State.Frames, journal, Io, SwapFaults);
    }

    /// <summary>The cgroup that all tasks are in; null without a limit.</summary>
    public MemoryCgroup? Group { get; }

    /// <summary>The replacement policy of the cgroup; null where the kernel's lists choose.</summary>
    public PolicyReclaim? Policy { get; }

    /// <summary>Reading and writing the swap area.</summary>
    public SwapIo Io { get; }

    /// <summary>Reading and writing files.</summary>
    public FileIo Files { get; }

    /// <summary>Reads pages of files, and more than is asked for.</summary>
    public Readahead Readahead { get; }

    /// <summary>Writes dirty pages of a file.</summary>
    public PageWriter Writer { get; }

    /// <summary>Holds back who makes too many pages dirty.</summary>
    public DirtyThrottle Throttle { get; }

    /// <summary>Faults at pages of files.</summary>
    public FileFaults FileFaults { get; }

    /// <summary>Faults at pages swapped out.</summary>
    public SwapFaults SwapFaults { get; }

    /// <summary>Faults at pages of shared memory that are swapped out.</summary>
    public ShmemFaults ShmemFaults { get; }

    /// <summary>Caches of objects are shrunk together with the lists.</summary>
    public void Shrink(SlabShrinkers shrinkers) => _node.Shrinkers = shrinkers;

    /// <summary>Reclaim by requests.</summary>
    public DirectReclaim Direct { get; }

    /// <inheritdoc/>
    public void Drain(CpuClock cpu, long cause) => _pages.Drain(cpu, cause);

    /// <summary>Puts the pages that all CPUs have gathered on the lists (<c>lru_add_drain_all</c>).</summary>
    public void DrainAll(CpuClock cpu, long cause)
    {
        for (int other = 0; other < _state.Lru.Cpus; other++)
        {
            if (_state.Lru.Batch(other).Length > 0)
            {
                var e = new LruDrain((byte)other);
                EventHeader header = _journal.Emit(in e, cause);
                _state.Lru.Apply(in e, in header);
            }
        }
    }

    /// <inheritdoc/>
    public void PageOut(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause)
    {
        (_wished.Cause, _wished.QueueFull) = (cause, false);
        // The reserves of a full device are not for this.
        for (ulong next; start < end && !_wished.QueueFull; start = next)
        {
            // Page table by page table (madvise_cold_or_pageout_pte_range).
            next = Math.Min(end, _spaces.Tables.SpanEnd(start, 1));
            _ofRange.Clear();
            _spaces.CollectOwnPages(mm, start, next, _ofRange);
            for (int i = 0; i < _ofRange.Count && !_wished.QueueFull; i++)
            {
                _pages.TakeAway(_ofRange[i], _wished, cpu);
            }
            _pages.Finish(cpu, cause);
        }
    }

    /// <inheritdoc/>
    public void ReadAhead(AddressSpace mm, in VmArea area, ulong start, ulong end, CpuClock cpu, long cause)
    {
        if (area.VmFile > 0)
        {
            Readahead.OnWish(area.VmFile, area.PgoffOf(start), (long)((end - start) >> 12), cpu, cause);
            return;
        }
        SwapFaults.ReadWished(mm, in area, start, end, cpu, cause);
        Drain(cpu, cause);
    }

    /// <summary>Who wakes tasks.</summary>
    public void Connect(TaskRunner tasks)
    {
        _waiters.Wake = Throttle.Wake = tasks.WakeBlocked;
        Direct.Wake = tasks.WakeBlocked;
        if (Group is not null)
        {
            Group.Wake = tasks.WakeBlocked;
        }
        _oom.Kill = tasks.WakeToDie;
    }

    /// <summary>A process has given back all its memory.</summary>
    public void MemoryFreed(CpuClock cpu, long cause)
    {
        Io.Trim(cpu, cause);
        Direct.MemoryFreed(cause);
        Group?.MemoryFreed(cause);
    }

    /// <summary>Makes the thread in the background.</summary>
    public void Start(Compactor compactor, Kcompactd kcompactd, KernelThreads threads)
    {
        var kswapd = new Kswapd(
            _allocator, _node, _state, Direct, compactor, kcompactd, _journal, threads, _options);
        Direct.Kswapd = kswapd;
        _allocator.Kswapd = kswapd;
        Io.Written = Files.Written = cause =>
        {
            kswapd.PageWritten(cause);
            Direct.PageWritten(cause);
            Group?.PageWritten(cause);
            _flusher.PageWritten(cause);
        };
    }

    private static SwapDevice DiskOfFiles(KernelOptions options) => options.FileDevice == FileDevice.Hdd ? SwapDevice.Hdd : SwapDevice.Ssd;

    /// <summary>The first area on a disk as that of files: one disk has it first, and files behind it; -1 for none.</summary>
    private static int AreaOnDiskOfFiles(KernelOptions options)
    {
        IReadOnlyList<SwapAreaOptions> areas = options.Swap.AllAreas;
        for (int type = 0; type < areas.Count; type++)
        {
            if (areas[type].Device == DiskOfFiles(options))
            {
                return type;
            }
        }
        return -1;
    }

    private static IBlockDevice DeviceOf(SwapDevice device, BlockDeviceOptions disks, Scheduler scheduler) => device switch
    {
        SwapDevice.Hdd => new HardDisk(disks.HardDisk, scheduler),
        SwapDevice.Ssd => new SolidStateDisk(disks.SolidState, scheduler),
        SwapDevice.Zram => new CompressedMemory(disks.CompressedMemory),
        _ => throw new ArgumentException("A swap area is on a device.", nameof(device)),
    };
}
