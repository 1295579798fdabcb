using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Highmem;
using Sim.Kernel.Hugetlb;
using Sim.Kernel.Mm;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Slab;
using Sim.Kernel.Tasks;
using Sim.Kernel.Vfs;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel;

/// <summary>
/// A machine that runs: its sourced state and the components that decide what happens to it, on one scheduler and one
/// journal.
/// </summary>
public sealed class Machine
{
    private readonly Kcompactd? _kcompactd;
    private readonly Compactor? _compactor;

    /// <param name="options">What machine.</param>
    /// <param name="journal">Where its state changes go.</param>
    /// <param name="queue">Keeps the pending messages.</param>
    /// <exception cref="ImpossibleMachineException">The kernel cannot run on that machine.</exception>
    public Machine(MachineOptions options, Journal journal, IEventQueue queue)
    {
        Journal = journal;
        Scheduler = new Scheduler(queue);
        State = new MachineState(options);
        Board = new Board(State.Hardware, journal);
        Cpus = [.. Board.Cpus];
        Pages = new PageAllocator(State.Memory.Pages, journal, options.Kernel.PageAllocator);
        Slab = new SlabAllocator(State.Memory.Slab, Pages, journal, options.Kernel.Slab, options.Seed);
        Virtual = new VirtualMemory(
            State.Virtual, options.Kernel, Cpus, options.Hardware.Tlb.Pcid, Pages, journal, Scheduler, options.QuantumPs,
            options.Hardware.Disks);
        var shrinkers = new SlabShrinkers(State.Memory.Shrinkers, State.Memory.Slab, journal);
        if (Virtual.Reclaim is not null && Virtual.HasHugePages)
        {
            var splitter = new HugePageSplitter(State.Virtual.Spaces, Pages, journal, Virtual.Tlb, options.Kernel.MmCosts);
            shrinkers.Register(
                DeferredSplit.Name, new DeferredSplit(State.Virtual.Spaces, splitter, State.Memory.Pages.Frames), 0, DeferredSplit.Seeks, -1);
        }
        Names = new FileNames(State.Memory.Vfs, shrinkers, Slab, journal, options.Kernel.Reclaim);
        Virtual.Reclaim?.Shrink(shrinkers);
        var kernelTables = new KernelTables(State.Virtual.Spaces, options.Kernel.Profile, Pages, journal, options.Kernel.MmCosts);
        Vmalloc = new VmallocAllocator(
            State.Virtual.Vmalloc, State.Virtual.Spaces, Pages, Slab, kernelTables, Virtual.Tlb, journal, options.Kernel.MmCosts);
        _ = new VmallocWork(Vmalloc, Cpus, Scheduler);
        Mapper = new KernelMapper(State.Virtual.Highmem, kernelTables, Virtual.Tlb, Cpus, journal, options.Kernel.MmCosts)
        {
            Wake = Virtual.Tasks.WakeBlocked,
        };
        KernelFaults = new KernelFaults(State.Virtual.Spaces, journal, options.Kernel.MmCosts);
        HugePages = new HugePagePool(State.Memory.HugePages, Pages, journal, options.Kernel.MmCosts.ClearPageNs * 1000L);
        CompactionOptions compaction = options.Kernel.Compaction;
        // A captured kernel's lists change by its own doings alone.
        if (options.Lists is not { OwnKernel: false })
        {
            // Made in any case, so that a branch can switch compaction on or off and messages keep their targets.
            long movePs = (compaction.MigrateNs + options.Kernel.MmCosts.CopyPageNs) * 1000L;
            var migration = new PageMigration(State.Virtual.Spaces, Pages, Movable, journal, Virtual.Tlb, movePs);
            var compactor = new Compactor(Pages, State.Memory.Compaction, migration, journal, compaction);
            bool isOn = compaction.IsOn(options.Kernel.Profile);
            _kcompactd = new Kcompactd(compactor, Pages, journal, Virtual.Threads, compaction, isOn);
            var kswapd = new IdleKswapd(State.Memory.Pages, compactor, _kcompactd, journal, Virtual.Threads);
            if (isOn)
            {
                _compactor = compactor;
                Pages.Compaction = compactor;
                Pages.Kswapd = kswapd;
            }
            Virtual.Reclaim?.Start(compactor, _kcompactd, Virtual.Threads);
        }
    }

    /// <summary>Where state changes go.</summary>
    public Journal Journal { get; }

    /// <summary>Pending messages and the clock.</summary>
    public Scheduler Scheduler { get; }

    /// <summary>All sourced state.</summary>
    public MachineState State { get; }

    /// <summary>CPUs and the memory they share.</summary>
    public Board Board { get; }

    /// <summary>The CPUs by number.</summary>
    public Cpu[] Cpus { get; }

    /// <summary>The page allocator.</summary>
    public PageAllocator Pages { get; }

    /// <summary>Who holds movable pages outside page tables.</summary>
    public MovablePages Movable { get; } = new();

    /// <summary>The pool of huge pages.</summary>
    public HugePagePool HugePages { get; }

    /// <summary>The slab allocator.</summary>
    public SlabAllocator Slab { get; }

    /// <summary>Names and inodes of file systems.</summary>
    public FileNames Names { get; }

    /// <summary>Memory at contiguous kernel addresses.</summary>
    public VmallocAllocator Vmalloc { get; }

    /// <summary>Temporary kernel addresses for high memory.</summary>
    public KernelMapper Mapper { get; }

    /// <summary>Accesses of the kernel to its own half.</summary>
    public KernelFaults KernelFaults { get; }

    /// <summary>Address spaces, faults, system calls, tasks.</summary>
    public VirtualMemory Virtual { get; }

    /// <summary>Compacts all zones, whatever it takes (<c>vm.compact_memory</c>); nothing in a kernel without compaction.</summary>
    public void CompactMemory(CpuClock cpu, long cause) => _compactor?.CompactAll(cpu, cause);

    /// <summary>Goes on with state that was restored from a machine of other options.</summary>
    /// <param name="before">Those options.</param>
    public void Reconfigured(MachineOptions before)
    {
        if (!Kcompactd.LooksAround(before.Kernel))
        {
            _kcompactd?.Start();
        }
        if (Virtual.Tasks.AnyStarted)
        {
            Virtual.Khugepaged.Enter(Cpus[0], -1);
        }
    }

    /// <summary>
    /// Boots: lays out the zones, hands free memory to the allocator or takes over captured lists, maps the kernel, makes the
    /// general caches.
    /// </summary>
    public void Boot()
    {
        BootPlan? plan = null;
        if (State.Options.Lists is { } lists)
        {
            ListLoader.Load(State.Memory.Pages, lists, Journal);
            if (!lists.OwnKernel)
            {
                return;
            }
        }
        else
        {
            plan = BootPlan.Of(State.Memory.Pages.Profile, State.Memory.Pages.Map, State.Options.Kernel, Cpus.Length);
            BootLoader.Boot(State.Memory.Pages, plan, State.Options.Kernel, Journal);
        }
        KernelMappings.Boot(State.Virtual.Spaces, State.Memory.Pages.Frames, State.Memory.Pages.Profile.DirectMapEndPfn, Journal);
        if (plan is not null)
        {
            PerCpuSegments.Boot(plan, State.Virtual.PerCpuAreas, Cpus, Journal);
        }
        Slab.Initialize(Cpus[0]);
        _kcompactd?.Start();
    }
}
