namespace Sim.Host.Experiments;

/// <summary>Simulated time that the kernel's work on address spaces and tasks takes, in nanoseconds.</summary>
public sealed record MmCostSettings
{
    [Setting("mmap: finding a place and inserting or merging the area. In ns.", Min = 0, Max = 1_000_000_000)]
    public int MmapNs { get; init; } = 400;

    [Setting("munmap: finding, splitting and removing areas, without the pages. In ns.", Min = 0, Max = 1_000_000_000)]
    public int MunmapNs { get; init; } = 400;

    [Setting("mprotect, for each area changed, without the pages. In ns.", Min = 0, Max = 1_000_000_000)]
    public int MprotectNs { get; init; } = 350;

    [Setting("brk, without pages. In ns.", Min = 0, Max = 1_000_000_000)]
    public int BrkNs { get; init; } = 250;

    [Setting("Each page unmapped or given other permissions. In ns.", Min = 0, Max = 1_000_000_000)]
    public int PagePerRangeNs { get; init; } = 15;

    [Setting("Handling a page fault, without allocating and filling a page. In ns.", Min = 0, Max = 1_000_000_000)]
    public int FaultNs { get; init; } = 250;

    [Setting("Clearing a page. In ns.", Min = 0, Max = 1_000_000_000)]
    public int ClearPageNs { get; init; } = 80;

    [Setting("Copying a page. In ns.", Min = 0, Max = 1_000_000_000)]
    public int CopyPageNs { get; init; } = 150;

    [Setting("Reading a page of a file into the page cache. In ns.", Min = 0, Max = 1_000_000_000)]
    public int ReadPageNs { get; init; } = 80_000;

    [Setting("Copying between kernel and user memory, for each page touched. In ns.", Min = 0, Max = 1_000_000_000)]
    public int UserCopyPageNs { get; init; } = 100;

    [Setting("Switching tasks, without loading the page table. In ns.", Min = 0, Max = 1_000_000_000)]
    public int SwitchNs { get; init; } = 800;

    [Setting("Making or ending a task. In ns.", Min = 0, Max = 1_000_000_000)]
    public int TaskNs { get; init; } = 5_000;

    [Setting("The timer interrupt's work. In ns.", Min = 0, Max = 1_000_000_000)]
    public int TickNs { get; init; } = 700;
}
