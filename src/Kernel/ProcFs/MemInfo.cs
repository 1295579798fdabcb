using System.Globalization;
using System.Text;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>
/// <c>/proc/meminfo</c>, in KiB (<c>meminfo_proc_show</c>, fs/proc/meminfo.c, Linux 6.1). Lines of what the simulated kernel does not
/// have are left out, as a kernel built without them leaves them out, except those that the tools of procps read.
/// </summary>
public static class MemInfo
{
    /// <summary>Field names and values, in the kernel's order.</summary>
    /// <param name="state">The physical half of the kernel.</param>
    /// <param name="vmalloc">The kernel's addresses; null leaves their fields out.</param>
    /// <param name="commit">What is promised to processes; null leaves its fields out.</param>
    public static IReadOnlyList<KeyValuePair<string, long>> Rows(
        KernelMemoryState state, VmallocState? vmalloc = null, CommitAccounting? commit = null)
    {
        IReadOnlyList<Zone> zones = state.Pages.Zones;
        Census census = CensusOf(state.Pages.Frames, new HugePageBlocks(state.Pages.Frames, 1 << state.Pages.Profile.PageblockOrder));
        long reclaimable = state.Slab.Pages(reclaimable: true), unreclaimable = state.Slab.Pages(reclaimable: false);
        var rows = new List<KeyValuePair<string, long>>();
        void Add(string name, long pages) => rows.Add(new(name, pages << (Page.Shift - 10)));
        long total = zones.Sum(z => z.ManagedPages), free = zones.Sum(z => z.FreePages), file = census.Uses[(int)FrameUse.File], shared = census.Uses[(int)FrameUse.Shmem];
        Add("MemTotal", total);
        Add("MemFree", free);
        Add("MemAvailable", Available(zones, free, state.Reclaim is { } lists ? lists.Lru.Size(LruList.ActiveFile) + lists.Lru.Size(LruList.InactiveFile) : file, reclaimable));
        Add("Buffers", 0);
        Add("Cached", file + shared);
        Add("SwapCached", state.Reclaim?.Swap.Cache.Count ?? 0);
        if (state.Reclaim is { } reclaim)
        {
            AddLists(Add, reclaim);
        }
        if (state.Pages.Profile.HasHighMem)
        {
            Zone high = state.Pages.Zone(ZoneType.HighMem);
            Add("HighTotal", high.ManagedPages);
            Add("HighFree", high.FreePages);
            Add("LowTotal", total - high.ManagedPages);
            Add("LowFree", free - high.FreePages);
        }
        Add("SwapTotal", state.Reclaim?.Swap.Area.Pages ?? 0);
        Add("SwapFree", state.Reclaim?.Swap.Area.Free ?? 0);
        Add("Dirty", state.Reclaim?.Files.Dirty ?? 0);
        Add("Writeback", state.Reclaim?.Writeback ?? 0);
        Add("AnonPages", census.MappedAnon);
        Add("Mapped", census.Mapped);
        Add("Shmem", shared);
        Add("KReclaimable", reclaimable);
        Add("Slab", reclaimable + unreclaimable);
        Add("SReclaimable", reclaimable);
        Add("SUnreclaim", unreclaimable);
        Add("KernelStack", census.Uses[(int)FrameUse.KernelStack]);
        Add("PageTables", census.Uses[(int)FrameUse.PageTable]);
        if (commit is not null)
        {
            Add("CommitLimit", commit.Limit);
            Add("Committed_AS", commit.Committed);
        }
        if (vmalloc is not null)
        {
            rows.Add(new("VmallocTotal", (long)(vmalloc.Layout.VmallocBytes >> 10)));
            Add("VmallocUsed", vmalloc.Pages);
            Add("VmallocChunk", 0);
        }
        Add("AnonHugePages", census.Huge);
        return rows;
    }

    private static void AddLists(Action<string, long> add, ReclaimState reclaim)
    {
        LruState lru = reclaim.Lru;
        add("Active", lru.Size(LruList.ActiveAnon) + lru.Size(LruList.ActiveFile));
        add("Inactive", lru.Size(LruList.InactiveAnon) + lru.Size(LruList.InactiveFile));
        add("Active(anon)", lru.Size(LruList.ActiveAnon));
        add("Inactive(anon)", lru.Size(LruList.InactiveAnon));
        add("Active(file)", lru.Size(LruList.ActiveFile));
        add("Inactive(file)", lru.Size(LruList.InactiveFile));
        add("Unevictable", lru.Size(LruList.Unevictable));
        add("Mlocked", reclaim.Mlocked);
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(KernelMemoryState state, VmallocState? vmalloc = null, CommitAccounting? commit = null)
    {
        var text = new StringBuilder();
        foreach ((string name, long kib) in Rows(state, vmalloc, commit))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name + ":",-16}{kib,8} kB\n");
        }
        return text.ToString();
    }

    /// <summary>
    /// What programs can get without swapping: free memory above the reserves, and of file pages and reclaimable slabs
    /// what lies above half of them or the low watermarks (<c>si_mem_available</c>).
    /// </summary>
    private static long Available(IReadOnlyList<Zone> zones, long free, long file, long reclaimable)
    {
        long low = zones.Sum(z => z.Watermark(Watermark.Low));
        long available = free - Watermarks.TotalReserve(zones) + file - Math.Min(file / 2, low) + reclaimable - Math.Min(reclaimable / 2, low);
        return Math.Max(available, 0);
    }

    /// <summary>Allocated frames, in pages.</summary>
    private readonly record struct Census(long[] Uses, long Mapped, long MappedAnon, long Huge);

    private static Census CensusOf(FrameTable frames, HugePageBlocks blocks)
    {
        long[] uses = new long[256];
        long mapped = 0, anon = 0, huge = 0;
        for (long pfn = 0; pfn < frames.Count; pfn++)
        {
            ref Frame frame = ref frames[pfn];
            if (frame.State == FrameState.Allocated)
            {
                long pages = 1L << frame.Order;
                uses[(int)frame.Use] += pages;
                bool block = frame.Use == FrameUse.Anon && frame.Order > 0;
                huge += block && blocks.EntireMaps(pfn) > 0 ? pages : 0;
                anon += block ? MappedPages(frames, blocks, pfn) : frame.Use == FrameUse.Anon && frame.MapCount > 0 ? 1 : 0;
                mapped += frame.Use is FrameUse.File or FrameUse.Shmem && frame.MapCount > 0 ? pages : 0;
            }
        }
        return new Census(uses, mapped, anon, huge);
    }

    /// <summary>Pages of a block that somebody maps.</summary>
    private static long MappedPages(FrameTable frames, HugePageBlocks blocks, long head)
    {
        long mapped = blocks.Pages;
        for (long pfn = head; blocks.EntireMaps(head) == 0 && pfn < head + blocks.Pages; pfn++)
        {
            mapped -= frames[pfn].MapCount == 0 ? 1 : 0;
        }
        return mapped;
    }
}
