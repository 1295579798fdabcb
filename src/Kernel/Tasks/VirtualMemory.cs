using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Kernel.Buddy;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Syscalls;

namespace Sim.Kernel.Tasks;

/// <summary>
/// The virtual half of the kernel at work: what decides about address spaces, faults, system calls and tasks, put together.
/// </summary>
public sealed class VirtualMemory
{
    /// <param name="state">The state it changes through events.</param>
    /// <param name="options">The kernel.</param>
    /// <param name="cpus">All CPUs.</param>
    /// <param name="pcid">The CPUs have process-context identifiers.</param>
    /// <param name="allocator">The page allocator.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="scheduler">Runs the CPUs; the tasks register with it.</param>
    /// <param name="quantumPs">How far a CPU may run ahead of the clock.</param>
    /// <param name="disks">The devices, when pages in use can be reclaimed.</param>
    public VirtualMemory(
        VirtualMemoryState state, KernelOptions options, Cpu[] cpus, bool pcid, PageAllocator allocator, Journal journal,
        Scheduler scheduler, long quantumPs, BlockDeviceOptions? disks = null)
    {
        options.Tasks.Validate();
        State = state;
        Threads = new KernelThreads(scheduler, cpus[^1]);
        Tlb = new TlbConsistency(cpus, pcid, state, journal, options.Tasks);
        if (state.Spaces.Reclaim is not null)
        {
            Reclaim = new MemoryReclaim(state, options, cpus, allocator, journal, scheduler, Tlb, disks ?? new BlockDeviceOptions(), Threads);
        }
        var huge = HugePageFaults.Of(options, state.Spaces, allocator, journal, Tlb);
        HasHugePages = huge is not null;
        Faults = new PageFaultHandler(
            state.Spaces, options.Mm, allocator, journal, Tlb, options.MmCosts,
            huge, Reclaim?.SwapFaults, Reclaim?.ShmemFaults, Reclaim?.FileFaults);
        Mapping = new MappingCalls(state.Spaces, options.Mm, allocator, journal, Tlb, options.MmCosts, Faults) { Reclaim = Reclaim };
        var files = new FileCalls(state.Spaces, allocator, journal, Faults, Reclaim, Tlb, options.MmCosts);
        Calls = new SystemCalls(options.Profile, Mapping, journal, options.MmCosts, files);
        Processes = new Processes(state, allocator, journal, options.MmCosts, new MemoryLimits(options.Mm, allocator.State, state.Spaces), Tlb, options.Tasks);
        Segments = new TaskSegments(cpus, state.Segments, cpus[0].Descriptors, allocator, journal);
        SegmentCalls = new SegmentCalls(
            Segments, state.PerCpuAreas, cpus[0].Descriptors, options.Profile, state.Spaces.Layout.TaskSize, options.MmCosts, journal);
        Programs = new ProgramLoader(state, options, Mapping, Faults, allocator, Tlb, journal);
        Tasks = new TaskRunner(this, options, cpus, journal, scheduler, quantumPs);
        // Made in any case, so that a branch can switch it on and messages keep their targets.
        var collapser = new HugePageCollapser(
            state.Spaces, allocator, journal, Tlb, Reclaim?.SwapFaults, Reclaim, options.Khugepaged, options.MmCosts);
        Khugepaged = new Khugepaged(state.Spaces, collapser, options, (cpu, cause) => Reclaim?.DrainAll(cpu, cause), Threads);
        Threads.Tasks = Tasks;
        Reclaim?.Connect(Tasks);
    }

    /// <summary>Faults map huge pages.</summary>
    public bool HasHugePages { get; }

    /// <summary>The sourced state.</summary>
    public VirtualMemoryState State { get; }

    /// <summary>Loads address spaces and keeps TLBs true.</summary>
    public TlbConsistency Tlb { get; }

    /// <summary>mmap, munmap, mprotect and brk without the way into the kernel, for program loaders.</summary>
    public MappingCalls Mapping { get; }

    /// <summary>Page faults.</summary>
    public PageFaultHandler Faults { get; }

    /// <summary>Reclaim, swap and the OOM killer; null in a kernel that does not reclaim.</summary>
    internal MemoryReclaim? Reclaim { get; }

    /// <summary>Makes huge pages of small ones.</summary>
    internal Khugepaged Khugepaged { get; }

    /// <summary>Tells all references of the one task there is, when a replacement policy is an oracle.</summary>
    public void Foretell(Replacement.IReferenceOracle references)
    {
        if (Reclaim?.Policy is { } policy)
        {
            policy.References = references;
        }
    }

    /// <summary>System calls of running tasks.</summary>
    public SystemCalls Calls { get; }

    /// <summary>Segments of tasks that are not flat.</summary>
    internal TaskSegments Segments { get; }

    /// <summary>System calls about segments.</summary>
    internal SegmentCalls SegmentCalls { get; }

    /// <summary>Makes and ends processes.</summary>
    public Processes Processes { get; }

    /// <summary>Executes programs.</summary>
    public ProgramLoader Programs { get; }

    /// <summary>What the kernel's threads share.</summary>
    internal KernelThreads Threads { get; }

    /// <summary>Runs tasks on CPUs.</summary>
    public TaskRunner Tasks { get; }
}
