using Sim.Engine.Events;
using Sim.Hardware.Memory;
using Sim.Hardware.Paging;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Highmem;
using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tasks;

/// <summary>
/// The virtual half of the kernel's sourced state: address spaces, page cache and tasks. Made from options and the physical
/// half alone, so that a fold can make it too.
/// </summary>
public sealed class VirtualMemoryState
{
    /// <param name="profile">The kernel.</param>
    /// <param name="options">Limits of address spaces.</param>
    /// <param name="mode">Format of the page tables.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="memory">Contents of the frames that hold page tables.</param>
    /// <param name="kernel">The physical half, when pages in use can be reclaimed.</param>
    public VirtualMemoryState(
        KernelProfile profile, MmOptions options, PagingMode mode, int cpus, FrameTable frames, PhysicalMemory memory,
        KernelMemoryState? kernel = null)
    {
        long lowmemEndPfn = Math.Min(kernel?.Pages.Profile.DirectMapEndPfn ?? frames.Count, frames.Count);
        var layout = new KernelLayout(profile, lowmemEndPfn);
        Spaces = new AddressSpaces(new AddressLayout(profile, options), mode, frames, memory, layout, kernel?.Reclaim)
        {
            HugetlbPool = kernel?.HugePages,
        };
        Vmalloc = new VmallocState(layout, Spaces, cpus);
        Highmem = new HighmemState(layout, Spaces, cpus, lowmemEndPfn);
        Tasks = new TaskTable(cpus, frames);
        Segments = new ThreadSegments(GlobalDescriptorTable.ForLinux(mode).InitialDataSelector);
        PerCpuAreas = new PerCpuAreas(cpus, layout);
        Tlb = new TlbContexts(cpus);
        Oom = kernel?.Reclaim is null ? null : new OomState(Spaces, Tasks, kernel.Pages);
    }

    /// <summary>Address spaces, their page tables, and the page cache.</summary>
    public AddressSpaces Spaces { get; }

    /// <summary>Areas of the kernel's addresses.</summary>
    public VmallocState Vmalloc { get; }

    /// <summary>Temporary mappings of high memory.</summary>
    public HighmemState Highmem { get; }

    /// <summary>Tasks and run queues.</summary>
    public TaskTable Tasks { get; }

    /// <summary>Segments of tasks that are not flat.</summary>
    public ThreadSegments Segments { get; }

    /// <summary>The CPUs' own memory.</summary>
    public PerCpuAreas PerCpuAreas { get; }

    /// <summary>What the kernel knows of the CPUs' TLBs.</summary>
    public TlbContexts Tlb { get; }

    /// <summary>Who was killed for memory; null in a kernel that does not reclaim.</summary>
    public OomState? Oom { get; }

    /// <summary>The process whose address space a task is in: its own, or after vfork its parent's; 0 for none.</summary>
    public int MmOf(int pid)
    {
        if (pid <= 0 || pid > Tasks.MaxPid || Tasks[pid].State is TaskState.None or TaskState.Zombie or TaskState.Dead)
        {
            return Spaces.Find(pid) is null ? 0 : pid;
        }
        return Spaces.Find(Tasks[pid].Mm) is null ? 0 : Tasks[pid].Mm;
    }

    /// <summary>The parts that apply events.</summary>
    public IEnumerable<object> Appliers => Oom is null
        ? [Spaces, Tasks, Segments, PerCpuAreas, Tlb, Vmalloc, Highmem]
        : [Spaces, Tasks, Segments, PerCpuAreas, Tlb, Vmalloc, Highmem, Oom];

    /// <summary>Appends the state in canonical form.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        Spaces.HashInto(ref hash);
        Tasks.HashInto(ref hash);
        Segments.HashInto(ref hash);
        PerCpuAreas.HashInto(ref hash);
        Tlb.HashInto(ref hash);
        Oom?.HashInto(ref hash);
        Vmalloc.HashInto(ref hash);
        Highmem.HashInto(ref hash);
    }
}
