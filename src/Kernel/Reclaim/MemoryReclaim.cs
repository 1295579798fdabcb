using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Reclaim;

/// <summary>Reclaim, swap and the OOM killer, put together.</summary>
internal sealed class MemoryReclaim
{
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly ReclaimOptions _options;
    private readonly NodeReclaim _node;
    private readonly OomKiller _oom;
    private readonly ReclaimState _state;

    public MemoryReclaim(
        VirtualMemoryState state, KernelOptions options, Cpu[] cpus, PageAllocator allocator, Journal journal, Scheduler scheduler,
        ITlbFlush tlb, BlockDeviceOptions disks)
    {
        _state = state.Spaces.Reclaim!;
        _allocator = allocator;
        _journal = journal;
        _options = options.Reclaim;
        ZramPool? pool = options.Swap.Device == SwapDevice.Zram
            ? new ZramPool(_state.Swap, allocator, journal, disks.CompressedMemory.PagesPerFrame)
            : null;
        Io = new SwapIo(state.Spaces, journal, scheduler, cpus[0], s => DeviceOf(options.Swap.Device, disks, s), _options, options.MmCosts, pool);
        SwapFaults = new SwapFaults(state.Spaces, allocator, journal, Io);
        var pages = new PageReclaimer(state.Spaces, allocator, journal, tlb, Io, _options);
        _node = new NodeReclaim(pages, allocator.State, _options);
        _oom = new OomKiller(state.Oom!, state.Spaces, journal);
        Direct = new DirectReclaim(allocator.State, _node, _state, journal, _oom);
        allocator.Reclaim = Direct;
    }

    /// <summary>Reading and writing the swap area.</summary>
    public SwapIo Io { get; }

    /// <summary>Faults at pages swapped out.</summary>
    public SwapFaults SwapFaults { get; }

    /// <summary>Reclaim by requests.</summary>
    public DirectReclaim Direct { get; }

    /// <summary>Who wakes tasks.</summary>
    public void Connect(TaskRunner tasks)
    {
        Io.Wake = tasks.WakeBlocked;
        Direct.Wake = tasks.WakeBlocked;
        _oom.Kill = tasks.WakeToDie;
    }

    /// <summary>A process has given back all its memory.</summary>
    public void MemoryFreed(CpuClock cpu, long cause)
    {
        Io.Trim(cpu, cause);
        Direct.MemoryFreed(cause);
    }

    /// <summary>Makes the thread in the background.</summary>
    public void Start(Compactor compactor, Kcompactd kcompactd, Scheduler scheduler, CpuClock cpu)
    {
        var kswapd = new Kswapd(
            _allocator, _node, _state, Direct, compactor, kcompactd, scheduler, _journal, cpu, _options);
        Direct.Kswapd = kswapd;
        _allocator.Kswapd = kswapd;
        Io.Written = cause =>
        {
            kswapd.PageWritten(cause);
            Direct.PageWritten(cause);
        };
    }

    private static IBlockDevice? DeviceOf(SwapDevice device, BlockDeviceOptions disks, Scheduler scheduler) => device switch
    {
        SwapDevice.Hdd => new HardDisk(disks.HardDisk, scheduler),
        SwapDevice.Ssd => new SolidStateDisk(disks.SolidState, scheduler),
        SwapDevice.Zram => new CompressedMemory(disks.CompressedMemory),
        _ => null,
    };
}
