using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>Brings the page allocator up with the lists of a real kernel: a machine that has aged already.</summary>
public static class ListLoader
{
    /// <summary>Loads a state that no event has changed yet.</summary>
    /// <exception cref="ImpossibleMachineException">The lists are of a machine with other zones.</exception>
    public static void Load(PageAllocatorState state, CapturedLists lists, Journal journal)
    {
        Check(state.Profile, state.Map, state.Cpus, lists);
        foreach (CapturedZone captured in lists.Zones)
        {
            var zone = new BootZone(captured.Type, captured.StartPfn, captured.SpannedPages, captured.PresentPages,
                captured.StartPfn + captured.SpannedPages);
            state.Apply(in zone, journal.Emit(in zone, -1));
        }
        if (lists.OwnKernel)
        {
            KeepForKernel(state, lists, journal);
        }
        foreach (CapturedZone captured in lists.Zones)
        {
            var begin = new ListsZone(captured.Type, captured.ManagedPages,
                captured.Watermarks[0], captured.Watermarks[1], captured.Watermarks[2],
                captured.WatermarkBoost, captured.ReservedHighAtomic, captured.PageblockPages);
            EventHeader header = journal.Emit(in begin, -1);
            state.Apply(in begin, in header);
            for (int i = 0; i < captured.LowmemReserve.Count && i < state.Zones.Length; i++)
            {
                var reserve = new ListsReserve(captured.Type, state.Zones[i].Type, captured.LowmemReserve[i]);
                state.Apply(in reserve, journal.Emit(in reserve, header.Sequence));
            }
            Pageblocks(state, captured, journal, header.Sequence);
            foreach (CapturedBlock block in captured.Free)
            {
                RequireHeld(state, captured, block);
                var e = new ListsBlock(block.Pfn, (byte)block.Order, block.List);
                state.Apply(in e, journal.Emit(in e, header.Sequence));
            }
            for (int cpu = 0; cpu < captured.PerCpu.Count; cpu++)
            {
                CapturedPcp pcp = captured.PerCpu[cpu];
                var sizes = new ListsPcp((byte)cpu, captured.Type, pcp.High, pcp.Batch, pcp.FreeFactor, captured.FreePagesCounter);
                state.Apply(in sizes, journal.Emit(in sizes, header.Sequence));
                foreach ((int list, CapturedBlock block) in pcp.Blocks)
                {
                    RequireHeld(state, captured, block);
                    var e = new ListsPcpBlock(block.Pfn, (byte)block.Order, (byte)list, block.List, (byte)cpu);
                    state.Apply(in e, journal.Emit(in e, header.Sequence));
                }
            }
        }
    }

    /// <summary>Keeps back, of the frames that are on no list, what the kernel's own mappings need.</summary>
    private static void KeepForKernel(PageAllocatorState state, CapturedLists lists, Journal journal)
    {
        var listed = new HashSet<long>();
        foreach (CapturedZone zone in lists.Zones)
        {
            foreach (CapturedBlock block in zone.Free.Concat(zone.PerCpu.SelectMany(p => p.Blocks.Select(b => b.Block))))
            {
                for (long pfn = block.Pfn; pfn < block.Pfn + (1L << block.Order); pfn++)
                {
                    listed.Add(pfn);
                }
            }
        }
        const int imageFrames = 2;
        long tables = BootReservations.DirectMapTablePages(state.Map, state.Profile);
        long pfnAt = 0;
        for (long i = 0; i < imageFrames + tables; i++, pfnAt++)
        {
            // The image's frames are neighbours: the top-level table and the zero page.
            while (pfnAt < state.Frames.Count && (!IsHeld(pfnAt) || (i == 0 && !IsHeld(pfnAt + 1))))
            {
                pfnAt++;
            }
            if (pfnAt >= state.Frames.Count)
            {
                throw Other("no frame is left for the simulated kernel's own page tables");
            }
            var e = new BootReserve(pfnAt, 1, i < imageFrames ? ReserveReason.KernelImage : ReserveReason.DirectMapTables);
            state.Apply(in e, journal.Emit(in e, -1));
        }

        bool IsHeld(long pfn) => pfn < state.Frames.Count && state.Frames[pfn].State == FrameState.Reserved && !listed.Contains(pfn);
    }

    private static void Pageblocks(PageAllocatorState state, CapturedZone captured, Journal journal, long cause)
    {
        for (int i = 0; i < captured.PageblockTypes.Count;)
        {
            int from = i;
            MigrateType? type = captured.PageblockTypes[i];
            while (++i < captured.PageblockTypes.Count && captured.PageblockTypes[i] == type)
            {
            }
            if (type is { } known)
            {
                var e = new ListsPageblocks(captured.FirstPageblock + ((long)from * captured.PageblockPages), i - from, known, captured.Type);
                state.Apply(in e, journal.Emit(in e, cause));
            }
        }
    }

    /// <summary>Refuses lists of another machine.</summary>
    /// <exception cref="ImpossibleMachineException">They are of a machine with other zones.</exception>
    public static void Check(ZoneProfile profile, MemoryMap map, int cpus, CapturedLists lists)
    {
        ZoneRange[] ranges = [.. profile.Cut(map).Where(r => r.PresentPages > 0)];
        foreach (CapturedZone captured in lists.Zones)
        {
            ZoneRange range = Array.Find(ranges, r => r.Type == captured.Type);
            if (range.PresentPages == 0)
            {
                throw Other($"they have a zone {ZoneTypes.Name(captured.Type)} and this machine has none");
            }
            if ((range.StartPfn, range.SpannedPages, range.PresentPages) != (captured.StartPfn, captured.SpannedPages, captured.PresentPages))
            {
                throw Other($"zone {ZoneTypes.Name(captured.Type)} is {captured.SpannedPages} pages from pfn 0x{captured.StartPfn:x}, {captured.PresentPages} present, "
                    + $"and this machine's is {range.SpannedPages} from 0x{range.StartPfn:x}, {range.PresentPages} present");
            }
            if (captured.PageblockPages != 1 << profile.PageblockOrder)
            {
                throw Other($"their page blocks have {captured.PageblockPages} pages and this kernel's {1 << profile.PageblockOrder}");
            }
            if (captured.PerCpu.Count > cpus)
            {
                throw Other($"they have per-CPU lists of {captured.PerCpu.Count} CPUs and this machine has {cpus}");
            }
        }
        foreach (ZoneRange range in ranges)
        {
            if (!lists.Zones.Any(z => z.Type == range.Type))
            {
                throw Other($"they have no zone {ZoneTypes.Name(range.Type)} and this machine has one");
            }
        }
    }

    private static void RequireHeld(PageAllocatorState state, CapturedZone captured, CapturedBlock block)
    {
        long end = block.Pfn + (1L << block.Order);
        if (block.Order > PageOrder.Max || (block.Pfn & ((1L << block.Order) - 1)) != 0 || end > state.Frames.Count)
        {
            throw Other($"the block at pfn 0x{block.Pfn:x} of order {block.Order} is not aligned, or beyond memory");
        }
        for (long pfn = block.Pfn; pfn < end; pfn++)
        {
            if (state.Frames[pfn].State != FrameState.Allocated || state.Frames[pfn].Zone != captured.Type)
            {
                throw Other($"pfn 0x{pfn:x} is on two lists, or not in zone {ZoneTypes.Name(captured.Type)}");
            }
        }
    }

    private static ImpossibleMachineException Other(string what) => new(
        "machine.lists", $"the lists are not of this machine: {what}", "give machine and kernel.profile as the captured kernel had them");
}
