using Sim.Engine.Events;
using Sim.Hardware.Memory;
using Sim.Hardware.Paging;
using Sim.Kernel.Hugetlb;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// All address spaces, their areas and page tables, and the page cache they map: the sourced state of virtual memory.
/// Page tables lie in <see cref="PhysicalMemory"/>, map counts in <see cref="FrameTable"/>; the allocation and freeing of
/// frames are events of the page allocator.
/// </summary>
public sealed partial class AddressSpaces
{
    private readonly AddressLayout _layout;
    private readonly PageTables _tables;
    private readonly FrameTable _frames;
    private readonly AreaEditor _editor;
    private readonly PageProtection _protection;
    private AddressSpace?[] _byPid = new AddressSpace?[16];
    private FaultCounts[] _faults = new FaultCounts[16];
    private int _anonVmas;

    /// <param name="layout">Where user and kernel space are.</param>
    /// <param name="mode">Format of the page tables.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="memory">Contents of the frames that hold page tables.</param>
    /// <param name="kernel">Where things are in the kernel's half.</param>
    /// <param name="reclaim">Lists and swap area; null in a kernel that does not reclaim.</param>
    public AddressSpaces(
        AddressLayout layout, PagingMode mode, FrameTable frames, PhysicalMemory memory, KernelLayout kernel, ReclaimState? reclaim = null)
    {
        Kernel = kernel;
        Reclaim = reclaim;
        _layout = layout;
        _frames = frames;
        ReverseMap = new ReverseMap(frames.Count);
        Blocks = new HugePageBlocks(frames, mode.PagesPerLargePage);
        _tables = new PageTables(memory, mode);
        _protection = new PageProtection(mode);
        _editor = new AreaEditor(Areas, _protection, layout.Rules);
    }

    /// <summary>Where user and kernel space are.</summary>
    public AddressLayout Layout => _layout;

    /// <summary>Where things are in the kernel's half.</summary>
    public KernelLayout Kernel { get; }

    /// <summary>The page tables.</summary>
    public PageTables Tables => _tables;

    /// <summary>The areas of all address spaces.</summary>
    public AreaPool Areas { get; } = new();

    /// <summary>Answers what a change of areas would merge; only <c>Apply</c> changes them.</summary>
    internal AreaEditor Editor => _editor;

    /// <summary>The pages of files and shared memory.</summary>
    public PageCacheTable Cache { get; } = new();

    /// <summary>Anonymous shared memory.</summary>
    public SharedMemoryObjects SharedMemory { get; } = new();

    /// <summary>Huge pages set aside, which nobody else may be promised; null when there is no pool.</summary>
    public HugetlbState? HugetlbPool { get; init; }

    /// <summary>Frame of the kernel's own top-level page table; -1 before <c>mm.init</c>.</summary>
    public long KernelRoot { get; private set; } = -1;

    /// <summary>Frame of the zero page; -1 before <c>mm.init</c>.</summary>
    public long ZeroPfn { get; private set; } = -1;

    /// <summary>Page tables of the kernel's half below its top-level one.</summary>
    public long KernelPageTables { get; private set; }

    /// <summary>Faults of all processes so far, the ended ones included.</summary>
    public FaultCounts TotalFaults { get; private set; }

    /// <summary>
    /// Blocks that the event applied last has set free: pages, each huge one behind the table set aside for it, then page
    /// tables. The decider gives them back to the page allocator, which logs it; no part of the state.
    /// </summary>
    public FrameList Released { get; } = new();

    /// <summary>The entries that the event applied last has cleared or given other rights; tells the decider what to flush.</summary>
    public MmuGather Gather { get; } = new();

    /// <summary>The address space of a process; null when it has none.</summary>
    public AddressSpace? Find(int pid) => (uint)pid < (uint)_byPid.Length ? _byPid[pid] : null;

    /// <summary>The address space of a process.</summary>
    /// <exception cref="ArgumentException">The process has none.</exception>
    public AddressSpace this[int pid] =>
        Find(pid) ?? throw new ArgumentException($"Process {pid} has no address space: it never was, or has ended.", nameof(pid));

    /// <summary>Greatest pid that ever had an address space.</summary>
    public int MaxPid { get; private set; }

    /// <summary>Faults a process has taken, also when it has ended.</summary>
    public FaultCounts Faults(int pid) => (uint)pid < (uint)_faults.Length ? _faults[pid] : default;

    /// <summary>Appends the state in canonical form.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(KernelRoot);
        hash.Add(ZeroPfn);
        hash.Add(KernelPageTables);
        hash.Add(TotalFaults.Minor);
        hash.Add(TotalFaults.Major);
        hash.Add(_anonVmas);
        hash.Add(MaxPid);
        for (int pid = 0; pid <= MaxPid; pid++)
        {
            hash.Add(_faults[pid].Minor);
            hash.Add(_faults[pid].Major);
            _byPid[pid]?.HashInto(ref hash, Areas);
        }
        SharedMemory.HashInto(ref hash);
        Cache.HashInto(ref hash);
        ReverseMap.HashInto(ref hash);
        hash.Add(MigratedPages);
        HashHugePages(ref hash);
        Reclaim?.HashInto(ref hash);
    }

    private void CountFault(int pid, bool major)
    {
        ref FaultCounts counts = ref _faults[pid];
        counts = major ? new(counts.Minor, counts.Major + 1) : new(counts.Minor + 1, counts.Major);
        FaultCounts total = TotalFaults;
        TotalFaults = major ? new(total.Minor, total.Major + 1) : new(total.Minor + 1, total.Major);
    }
}
