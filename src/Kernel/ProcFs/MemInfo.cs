using System.Globalization;
using System.Text;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary><c>/proc/meminfo</c>, the fields that the simulated kernel keeps, in KiB (fs/proc/meminfo.c).</summary>
public static class MemInfo
{
    /// <summary>Field names and values, in the kernel's order.</summary>
    public static IReadOnlyList<KeyValuePair<string, long>> Rows(KernelMemoryState state)
    {
        IReadOnlyList<Zone> zones = state.Pages.Zones;
        long[] uses = Census(state.Pages.Frames, out long mapped, out long huge);
        long reclaimable = state.Slab.Pages(reclaimable: true), unreclaimable = state.Slab.Pages(reclaimable: false);
        var rows = new List<KeyValuePair<string, long>>();
        void Add(string name, long pages) => rows.Add(new(name, pages << (Page.Shift - 10)));
        long total = zones.Sum(z => z.ManagedPages), free = zones.Sum(z => z.FreePages);
        Add("MemTotal", total);
        Add("MemFree", free);
        Add("MemAvailable", Available(zones, free, uses[(int)FrameUse.File], reclaimable));
        Add("Cached", uses[(int)FrameUse.File]);
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
        if (state.Reclaim is { } swapping)
        {
            Add("SwapTotal", swapping.Swap.Area.Pages);
            Add("SwapFree", swapping.Swap.Area.Free);
            Add("Writeback", swapping.Writeback);
        }
        Add("AnonPages", uses[(int)FrameUse.Anon]);
        Add("Mapped", mapped);
        Add("KReclaimable", reclaimable);
        Add("Slab", reclaimable + unreclaimable);
        Add("SReclaimable", reclaimable);
        Add("SUnreclaim", unreclaimable);
        Add("KernelStack", uses[(int)FrameUse.KernelStack]);
        Add("PageTables", uses[(int)FrameUse.PageTable]);
        Add("AnonHugePages", huge);
        return rows;
    }

    private static void AddLists(Action<string, long> add, ReclaimState reclaim)
    {
        LruState lru = reclaim.Lru;
        add("SwapCached", reclaim.Swap.Cache.Count);
        add("Active", lru.Size(LruList.ActiveAnon) + lru.Size(LruList.ActiveFile));
        add("Inactive", lru.Size(LruList.InactiveAnon) + lru.Size(LruList.InactiveFile));
        add("Active(anon)", lru.Size(LruList.ActiveAnon));
        add("Inactive(anon)", lru.Size(LruList.InactiveAnon));
        add("Active(file)", lru.Size(LruList.ActiveFile));
        add("Inactive(file)", lru.Size(LruList.InactiveFile));
        add("Unevictable", lru.Size(LruList.Unevictable));
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(KernelMemoryState state)
    {
        var text = new StringBuilder();
        foreach ((string name, long kib) in Rows(state))
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
        long reserves = 0, low = 0;
        foreach (Zone zone in zones)
        {
            long most = 0;
            foreach (Zone above in zones)
            {
                most = above.Type >= zone.Type ? Math.Max(most, zone.LowmemReserve(above.Type)) : most;
            }
            reserves += Math.Min(most + zone.Watermark(Watermark.High), zone.ManagedPages);
            low += zone.Watermark(Watermark.Low);
        }
        long available = free - reserves + file - Math.Min(file / 2, low) + reclaimable - Math.Min(reclaimable / 2, low);
        return Math.Max(available, 0);
    }

    /// <summary>Allocated frames by use.</summary>
    private static long[] Census(FrameTable frames, out long mapped, out long huge)
    {
        long[] uses = new long[256];
        mapped = huge = 0;
        for (long pfn = 0; pfn < frames.Count; pfn++)
        {
            ref Frame frame = ref frames[pfn];
            if (frame.State == FrameState.Allocated)
            {
                uses[(int)frame.Use] += 1L << frame.Order;
                huge += frame.Use == FrameUse.Anon && frame.Order > 0 ? 1L << frame.Order : 0;
                mapped += frame.Use == FrameUse.File && frame.MapCount > 0 ? 1L << frame.Order : 0;
            }
        }
        return uses;
    }
}
