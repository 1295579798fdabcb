namespace Sim.Kernel.Mm;

/// <summary>
/// Simulated time that the kernel's work on address spaces takes, in nanoseconds, beside that of the page allocator and of
/// the way into the kernel and back. Round figures for a server core of the late 2010s; parameters, not measurements.
/// </summary>
public sealed record MmCosts
{
    /// <summary>mmap: finding a place and inserting or merging the area.</summary>
    public int MmapNs { get; init; } = 400;

    /// <summary>munmap: finding, splitting and removing areas, without the pages.</summary>
    public int MunmapNs { get; init; } = 400;

    /// <summary>mprotect, for each area changed, without the pages.</summary>
    public int MprotectNs { get; init; } = 350;

    /// <summary>brk, without pages.</summary>
    public int BrkNs { get; init; } = 250;

    /// <summary>Each page unmapped or given other permissions.</summary>
    public int PagePerRangeNs { get; init; } = 15;

    /// <summary>Handling a page fault, without allocating and filling a page.</summary>
    public int FaultNs { get; init; } = 250;

    /// <summary>Clearing a page.</summary>
    public int ClearPageNs { get; init; } = 80;

    /// <summary>Copying a page.</summary>
    public int CopyPageNs { get; init; } = 150;

    /// <summary>Reading a page of a file into the page cache.</summary>
    public int ReadPageNs { get; init; } = 80_000;

    /// <summary>Copying between kernel and user memory, for each page touched.</summary>
    public int UserCopyPageNs { get; init; } = 100;

    /// <summary>Switching tasks, without loading the page table.</summary>
    public int SwitchNs { get; init; } = 800;

    /// <summary>Making or ending a task.</summary>
    public int TaskNs { get; init; } = 5_000;

    /// <summary>The timer interrupt's work.</summary>
    public int TickNs { get; init; } = 700;
}
