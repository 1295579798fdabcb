using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// What holds of reclaim and swap between any two dispatches: every page of a process or file is on exactly one list or in one
/// batch, lists and counts agree, and every slot is free or accounted for by entries, the swap cache, or a CPU's store.
/// </summary>
public static class ReclaimInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    /// <param name="spaces">Address spaces with their reclaim.</param>
    /// <param name="frames">All frames.</param>
    /// <param name="named">How many page-table entries name each slot.</param>
    public static string? Violation(AddressSpaces spaces, FrameTable frames, IReadOnlyDictionary<int, int> named)
    {
        LruState lru = spaces.Reclaim!.Lru;
        var seen = new bool[frames.Count];
        return lru.Isolated != 0 || lru.FirstIsolated >= 0 ? $"{lru.Isolated} pages are off the lists between dispatches"
            : Lists(lru, frames, seen) ?? Generations(lru, frames, seen) ?? Frames(spaces, frames, seen) ?? Slots(spaces, frames, named);
    }

    private static string? Lists(LruState lru, FrameTable frames, bool[] seen)
    {
        // With generations the others are not in use.
        for (int i = lru.Generations is null ? 0 : (int)LruList.Unevictable; i < LruLists.Count; i++)
        {
            var list = (LruList)i;
            var found = new long[ZoneTypes.Count];
            int before = lru.Head(list);
            for (long pfn = frames.First(lru.Head(list)); pfn >= 0; before = (int)pfn, pfn = frames.Next(pfn))
            {
                ref readonly Frame frame = ref frames[pfn];
                if (frame.State != FrameState.Allocated || !frame.Has(PageFlags.Lru) || LruLists.Of(in frame) != list || frame.Prev != before)
                {
                    return $"pfn 0x{pfn:x} on list {list} is {frame.State}, {frame.Use}, {frame.Flags}, behind {frame.Prev}";
                }
                seen[pfn] = true;
                found[(int)frame.Zone] += 1L << frame.Order;
            }
            for (int zone = 0; zone < ZoneTypes.Count; zone++)
            {
                if (found[zone] != lru.Size(list, (ZoneType)zone))
                {
                    return $"list {list} holds {found[zone]} pages of zone {(ZoneType)zone} and counts {lru.Size(list, (ZoneType)zone)}";
                }
            }
        }
        for (int cpu = 0; cpu < lru.Cpus; cpu++)
        {
            foreach (int pfn in lru.Batch(cpu))
            {
                if (seen[pfn] || !frames[pfn].Has(PageFlags.Batched) || frames[pfn].Has(PageFlags.Lru))
                {
                    return $"pfn 0x{pfn:x} in the batch of CPU {cpu} has flags {frames[pfn].Flags}";
                }
                seen[pfn] = true;
            }
        }
        return null;
    }

    private static string? Generations(LruState lru, FrameTable frames, bool[] seen) =>
        lru.Generations is null ? null : GenerationInvariants.Violation(lru.Generations, frames, seen);

    private static string? Frames(AddressSpaces spaces, FrameTable frames, bool[] seen)
    {
        long writeback = 0, cached = 0, dirty = 0;
        for (int pfn = 0; pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            bool page = frame.State == FrameState.Allocated
                && (frame.Use == FrameUse.Anon || (frame.Use is FrameUse.File or FrameUse.Shmem && spaces.ReverseMap.Mapping(pfn) != 0));
            if (seen[pfn] != page && (seen[pfn] || frame.Has(PageFlags.Lru | PageFlags.Batched)))
            {
                return $"pfn 0x{pfn:x} is {frame.State}, {frame.Use}, {frame.Flags}, and is {(seen[pfn] ? "" : "not ")}on a list";
            }
            if (frame.Generation != 0 && !frame.Has(PageFlags.Lru))
            {
                return $"pfn 0x{pfn:x} is on no list and names slot {frame.Generation - 1} of the generations";
            }
            if (!page && frame.State is FrameState.Buddy or FrameState.Pcp && (frame.Flags != PageFlags.None || frame.Uses != 0))
            {
                return $"pfn 0x{pfn:x} is free and has flags {frame.Flags} and {frame.Uses} uses";
            }
            bool tail = frame.State == FrameState.Tail;
            if (tail && frame.Flags != PageFlags.None)
            {
                return $"pfn 0x{pfn:x} is part of a block and has flags {frame.Flags} of its own";
            }
            long pages = frame.State == FrameState.Allocated ? 1L << frame.Order : 1;
            writeback += frame.Has(PageFlags.Writeback) ? pages : 0;
            cached += frame.Has(PageFlags.SwapCache) ? pages : 0;
            int slot = spaces.ReverseMap.Mapping(pfn);
            if (frame.Use == FrameUse.File && slot > 0 && frame.Has(PageFlags.Dirty))
            {
                dirty++;
                if (spaces.Reclaim!.Files.Find(slot)?.Dirty.FirstFrom((uint)frame.Index) != (uint)frame.Index)
                {
                    return $"pfn 0x{pfn:x} is dirty, and page {(uint)frame.Index} of file {slot} is not";
                }
            }
            for (long piece = pfn; frame.Has(PageFlags.SwapCache) && piece < pfn + pages; piece++)
            {
                slot = spaces.ReverseMap.Mapping(piece);
                if (frame.Use != FrameUse.Anon || spaces.Reclaim!.Swap.Find(slot) != piece)
                {
                    return $"pfn 0x{piece:x} is said to be in the swap cache at slot {slot}, which is not so";
                }
            }
        }
        return writeback != spaces.Reclaim!.Writeback ? $"{writeback} pages are being written, counted {spaces.Reclaim.Writeback}"
            : cached != spaces.Reclaim.Swap.Cache.Count ? $"{cached} pages are in the swap cache, which holds {spaces.Reclaim.Swap.Cache.Count}"
            : dirty != spaces.Reclaim.Files.Dirty ? $"{dirty} pages of files are dirty, counted {spaces.Reclaim.Files.Dirty}"
            : null;
    }

    private static string? Slots(AddressSpaces spaces, FrameTable frames, IReadOnlyDictionary<int, int> named)
    {
        SwapState swap = spaces.Reclaim!.Swap;
        var aside = new HashSet<int>(swap.PutAsideSlots);
        int used = 0;
        foreach (int slot in swap.Area.Slots)
        {
            int entries = named.TryGetValue(slot, out int count) ? count : 0;
            bool cached = swap.Find(slot) >= 0;
            if (swap.Area.CountOf(slot) != entries)
            {
                return $"slot {slot} counts {swap.Area.CountOf(slot)} entries, and {entries} name it";
            }
            if (swap.Area.IsCached(slot) != (cached || aside.Contains(slot)) || (cached && aside.Contains(slot)))
            {
                return $"slot {slot} is marked {(swap.Area.IsCached(slot) ? "" : "not ")}taken by the cache or a CPU, which is not so";
            }
            used += entries > 0 || cached || aside.Contains(slot) ? 1 : 0;
        }
        foreach (int pfn in swap.PoolFrames)
        {
            if (frames[pfn].State != FrameState.Allocated || frames[pfn].Owner != KernelUser.Zram)
            {
                return $"pfn 0x{pfn:x} of compressed memory is {frames[pfn].State}, owned by {frames[pfn].Owner}";
            }
        }
        return used != swap.Area.InUse ? $"{used} slots are in use, counted {swap.Area.InUse}" : null;
    }
}
