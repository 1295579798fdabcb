using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Oom;

/// <summary>
/// The figures of the kernel's report at the moment of a kill (<c>dump_header</c>, <c>show_mem</c>, <c>dump_tasks</c>).
/// </summary>
public sealed class OomReport
{
    /// <summary>A process of the task table.</summary>
    public readonly record struct TaskRow(int Pid, int Comm, long TotalVm, long AnonRss, long FileRss, long ShmemRss, long PageTables, long SwapEntries);

    /// <summary>A zone; sizes in pages.</summary>
    public readonly record struct ZoneRow(
        ZoneType Type, long Free, long Boost, long Min, long Low, long High, long ReservedHighAtomic, long ActiveAnon, long InactiveAnon,
        long ActiveFile, long InactiveFile, long Unevictable, long WritePending, long Present, long Managed, long Mlocked,
        long FreePcp, long LocalPcp);

    /// <summary>The cgroup at its limit; sizes in pages, then <c>memory.stat</c>.</summary>
    public sealed record GroupFigures(long Pages, long MaxPages, long MaxEvents, string[] Names, long[] Values);

    private OomReport(
        OomKilled kill, long timePs, TaskRow[] tasks, ZoneRow[] zones, int[] blocks, long[] reserves, long[] pages)
    {
        Kill = kill;
        TimePs = timePs;
        Tasks = tasks;
        Zones = zones;
        Blocks = blocks;
        Reserves = reserves;
        Pages = pages;
    }

    /// <summary>Who asked and who was killed.</summary>
    public OomKilled Kill { get; }

    /// <summary>When, in picoseconds.</summary>
    public long TimePs { get; }

    /// <summary>Processes with memory, by pid.</summary>
    public TaskRow[] Tasks { get; }

    /// <summary>Zones with memory.</summary>
    public ZoneRow[] Zones { get; }

    /// <summary>Free blocks of each zone by order and migratetype.</summary>
    public int[] Blocks { get; }

    /// <summary><c>lowmem_reserve</c> of each zone against each zone.</summary>
    public long[] Reserves { get; }

    /// <summary>By <see cref="OomFigure"/>.</summary>
    public long[] Pages { get; }

    /// <summary>The cgroup that the kill is for; null when the whole machine was short of memory.</summary>
    public GroupFigures? Group { get; private init; }

    /// <summary>A figure of the whole node.</summary>
    public long this[OomFigure figure] => Pages[(int)figure];

    internal static OomReport Take(in OomKilled e, in EventHeader header, AddressSpaces spaces, TaskTable tasks, PageAllocatorState pages, Memcg.MemcgState? group)
    {
        LruState lru = spaces.Reclaim!.Lru;
        var rows = new List<TaskRow>();
        long[] figures = new long[(int)OomFigure.Count];
        for (int pid = 1; pid <= spaces.MaxPid; pid++)
        {
            if (spaces.Find(pid) is { } mm)
            {
                rows.Add(new TaskRow(pid, tasks[pid].Comm, mm.TotalVm, mm.AnonRss, mm.FileRss, mm.ShmemRss, PageTableAccounting.ChargedPages(spaces, mm), mm.SwapEntries));
                figures[(int)OomFigure.PageTables] += mm.PageTables + 1;
                figures[(int)OomFigure.Mapped] += mm.FileRss + mm.ShmemRss;
                figures[(int)OomFigure.KernelStack] += spaces.Layout.LongMode ? 4 : 2;
            }
        }
        int cpu = e.Cpu;
        Zone[] populated = [.. pages.Zones.Where(z => z.IsPopulated)];
        (long[] pending, long[] mlocked) = CountFrames(pages.Frames, spaces);
        ZoneRow[] zones = [.. populated.Select(z => Row(z, lru, pending[(int)z.Type], mlocked[(int)z.Type], cpu))];
        int[] blocks = [.. populated.SelectMany(z => Enumerable.Range(0, PageOrder.Count * MigrateTypes.Count)
            .Select(i => z.FreeBlocks(i / MigrateTypes.Count, (MigrateType)(i % MigrateTypes.Count))))];
        long[] reserves = [.. populated.SelectMany(z => pages.Zones.Select(above => z.LowmemReserve(above.Type)))];
        figures[(int)OomFigure.Dirty] = spaces.Reclaim.Files.Dirty;
        figures[(int)OomFigure.Writeback] = spaces.Reclaim.Writeback;
        figures[(int)OomFigure.Shmem] = spaces.SharedMemory.ResidentPages;
        figures[(int)OomFigure.SwapCached] = spaces.Reclaim.Swap.Cache.Count;
        figures[(int)OomFigure.FreeSwap] = spaces.Reclaim.Swap.Area.Free;
        figures[(int)OomFigure.TotalSwap] = spaces.Reclaim.Swap.Area.Pages;
        figures[(int)OomFigure.PageCache] = spaces.Cache.Count + spaces.Reclaim.Swap.Cache.Count;
        figures[(int)OomFigure.Isolated] = lru.Isolated;
        IReadOnlyList<(string Name, long Value)> stat = group is null ? [] : Memcg.MemcgStat.Rows(spaces);
        return new OomReport(e, header.TimePs, [.. rows], zones, blocks, reserves, figures)
        {
            Group = group is null ? null
                : new GroupFigures(group.Pages, group.MaxPages, group.MaxEvents, [.. stat.Select(s => s.Name)], [.. stat.Select(s => s.Value)]),
        };
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Kill.Pid);
        hash.Add(TimePs);
        foreach (TaskRow row in Tasks)
        {
            hash.Add(row.Pid);
            hash.Add(row.AnonRss + row.FileRss + row.ShmemRss);
            hash.Add(row.SwapEntries);
        }
        hash.AddSpan<int>(Blocks);
        hash.AddSpan<long>(Pages);
    }

    /// <summary>
    /// By zone, dirty pages of files and pages that are being written, where one that is both counts twice (<c>NR_ZONE_WRITE_PENDING</c>), and
    /// pages that areas lock (<c>NR_MLOCK</c>).
    /// </summary>
    private static (long[] Pending, long[] Mlocked) CountFrames(FrameTable frames, AddressSpaces spaces)
    {
        long[] pending = new long[ZoneTypes.Count], mlocked = new long[ZoneTypes.Count];
        for (long pfn = 0; pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            if (frame.Has(PageFlags.Dirty | PageFlags.Writeback | PageFlags.Mlocked))
            {
                bool dirty = frame.Use == FrameUse.File && frame.Has(PageFlags.Dirty) && spaces.ReverseMap.Mapping(pfn) > 0;
                pending[(int)frame.Zone] += (dirty ? 1 : 0) + (frame.Has(PageFlags.Writeback) ? 1 : 0);
                mlocked[(int)frame.Zone] += frame.Has(PageFlags.Mlocked) ? 1 : 0;
            }
        }
        return (pending, mlocked);
    }

    private static ZoneRow Row(Zone z, LruState lru, long pending, long mlocked, int cpu)
    {
        long pcp = 0;
        foreach (PerCpuPages lists in z.PerCpu)
        {
            pcp += lists.Count;
        }
        return new ZoneRow(
            z.Type, z.FreePages, z.WatermarkBoost, z.Watermark(Watermark.Min), z.Watermark(Watermark.Low), z.Watermark(Watermark.High),
            z.ReservedHighAtomic, lru.Size(LruList.ActiveAnon, z.Type), lru.Size(LruList.InactiveAnon, z.Type),
            lru.Size(LruList.ActiveFile, z.Type), lru.Size(LruList.InactiveFile, z.Type), lru.Size(LruList.Unevictable, z.Type), pending,
            z.PresentPages, z.ManagedPages, mlocked, pcp, z.PerCpu[cpu].Count);
    }
}

/// <summary>Figures of the node in a report, in pages.</summary>
public enum OomFigure
{
    /// <summary>Pages of files that are newer than what the device has (<c>NR_FILE_DIRTY</c>).</summary>
    Dirty,

    /// <summary>Pages being written (<c>NR_WRITEBACK</c>).</summary>
    Writeback,

    /// <summary>Pages of files and of shared memory in the page tables of processes, each as often as it is there (<c>NR_FILE_MAPPED</c>).</summary>
    Mapped,

    /// <summary>Pages of shared memory (<c>NR_SHMEM</c>).</summary>
    Shmem,

    /// <summary>Page tables of processes (<c>NR_PAGETABLE</c>).</summary>
    PageTables,

    /// <summary>Kernel stacks of processes (<c>NR_KERNEL_STACK_KB</c>).</summary>
    KernelStack,

    /// <summary>Pages of the page cache and of the swap cache (<c>NR_FILE_PAGES</c>).</summary>
    PageCache,

    /// <summary>Pages of the swap cache (<c>NR_SWAPCACHE</c>).</summary>
    SwapCached,

    /// <summary>Slots that are free.</summary>
    FreeSwap,

    /// <summary>Slots there are.</summary>
    TotalSwap,

    /// <summary>Pages in the hands of reclaim (<c>NR_ISOLATED_ANON</c> and <c>NR_ISOLATED_FILE</c>).</summary>
    Isolated,

    /// <summary>Number of figures.</summary>
    Count,
}
