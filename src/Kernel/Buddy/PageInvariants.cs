using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// What always holds of the page allocator's state, checked frame by frame: every frame is in exactly one place, blocks
/// are aligned to their size, no two free buddies lie unmerged, lists are linked both ways and counted right.
/// </summary>
public static class PageInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(PageAllocatorState state)
    {
        var tally = new Tally(state);
        return tally.Frames() ?? tally.Lists();
    }

    private sealed class Tally(PageAllocatorState state)
    {
        private readonly long[] _free = new long[ZoneTypes.Count];
        private readonly long[] _pcp = new long[ZoneTypes.Count];
        private readonly long[] _allocated = new long[ZoneTypes.Count];
        private readonly long[] _reserved = new long[ZoneTypes.Count];
        private long _buddyHeads, _pcpHeads;

        public string? Frames()
        {
            FrameTable frames = state.Frames;
            for (long pfn = 0; pfn < frames.Count;)
            {
                Frame frame = frames[pfn];
                int zone = (int)frame.Zone;
                switch (frame.State)
                {
                    case FrameState.Hole:
                        pfn++;
                        continue;
                    case FrameState.Reserved:
                        _reserved[zone]++;
                        pfn++;
                        continue;
                    case FrameState.Tail:
                        return $"pfn 0x{pfn:x} belongs to no block";
                    case FrameState.Buddy:
                        _free[zone] += 1L << frame.Order;
                        _buddyHeads++;
                        break;
                    case FrameState.Pcp:
                        _pcp[zone] += 1L << frame.Order;
                        _pcpHeads++;
                        break;
                    default:
                        _allocated[zone] += 1L << frame.Order;
                        break;
                }
                if (Block(pfn, in frame) is { } violation)
                {
                    return violation;
                }
                pfn += 1L << frame.Order;
            }
            return null;
        }

        private string? Block(long pfn, in Frame head)
        {
            FrameTable frames = state.Frames;
            int order = head.Order;
            long pages = 1L << order;
            if (order > PageOrder.Max || (pfn & (pages - 1)) != 0 || pfn + pages > frames.Count)
            {
                return $"the block at pfn 0x{pfn:x} of order {order} is not aligned to its size or reaches beyond memory";
            }
            for (long tail = pfn + 1; tail < pfn + pages; tail++)
            {
                if (frames[tail].State != FrameState.Tail || frames[tail].Zone != head.Zone)
                {
                    return $"pfn 0x{tail:x} is {frames[tail].State} inside the block at pfn 0x{pfn:x} of order {order}";
                }
            }
            long buddy = pfn ^ pages;
            if (head.State != FrameState.Buddy || order == PageOrder.Max || buddy >= frames.Count
                || !BuddyLists.IsFree(in frames[buddy], order, head.Zone))
            {
                return null;
            }
            Zone zone = state.Zone(head.Zone);
            bool apart = order >= state.Profile.PageblockOrder && zone.PageblockType(pfn) != zone.PageblockType(buddy)
                && (zone.PageblockType(pfn) >= MigrateType.HighAtomic || zone.PageblockType(buddy) >= MigrateType.HighAtomic);
            return apart ? null : $"the free buddies at pfn 0x{pfn:x} and 0x{buddy:x} of order {order} are not merged";
        }

        public string? Lists()
        {
            long buddyHeads = 0, pcpHeads = 0, all = 0;
            foreach (Zone zone in state.Zones)
            {
                int z = (int)zone.Type;
                for (int order = 0; order < PageOrder.Count; order++)
                {
                    int blocks = 0;
                    for (int type = 0; type < MigrateTypes.Count; type++)
                    {
                        int length = zone.FreeBlocks(order, (MigrateType)type);
                        if (List(zone, zone.FreeList(order, (MigrateType)type), FrameState.Buddy, order, type, length) is { } violation)
                        {
                            return violation;
                        }
                        blocks += length;
                    }
                    if (blocks != zone.FreeBlocks(order))
                    {
                        return $"zone {zone.Type} counts {zone.FreeBlocks(order)} free blocks of order {order} and its lists hold {blocks}";
                    }
                    buddyHeads += blocks;
                }
                long pcpPages = 0;
                foreach (PerCpuPages pcp in zone.PerCpu)
                {
                    if (PerCpu(zone, pcp, ref pcpHeads) is { } violation)
                    {
                        return violation;
                    }
                    pcpPages += pcp.Count;
                }
                if (zone.FreePages != _free[z] || pcpPages != _pcp[z])
                {
                    return $"zone {zone.Type} counts {zone.FreePages} free and {pcpPages} per-CPU pages, its frames are {_free[z]} and {_pcp[z]}";
                }
                long counted = zone.FreePagesCounter + Enumerable.Range(0, state.Cpus).Sum(zone.FreePagesDiff);
                if (counted != zone.FreePages)
                {
                    return $"zone {zone.Type} counts {zone.FreePagesCounter} free pages and its CPUs have {counted - zone.FreePagesCounter} more, which is not {zone.FreePages}";
                }
                // Of a zone that began with captured lists nobody knows which of the held frames are managed.
                if (zone.PresentPages != _free[z] + _pcp[z] + _allocated[z] + _reserved[z]
                    || (!zone.HasHeldFrames && zone.PresentPages != zone.ManagedPages + _reserved[z]))
                {
                    return $"zone {zone.Type}: {_free[z]} free, {_pcp[z]} per-CPU, {_allocated[z]} allocated and {_reserved[z]} reserved frames "
                        + $"do not make up {zone.ManagedPages} managed of {zone.PresentPages} present";
                }
                all += zone.PresentPages;
            }
            return buddyHeads != _buddyHeads || pcpHeads != _pcpHeads ? "a free block is on no list"
                : all != state.Map.UsablePageCount ? $"the zones have {all} frames, the machine {state.Map.UsablePageCount}"
                : null;
        }

        private string? PerCpu(Zone zone, PerCpuPages pcp, ref long heads)
        {
            long pages = 0;
            for (int list = 0; list < PerCpuPages.Lists; list++)
            {
                int order = PerCpuPages.OrderOf(list, state.Profile.PageblockOrder);
                int length = Length(pcp.FirstList + list);
                if (List(zone, pcp.FirstList + list, FrameState.Pcp, order, -1, length) is { } violation)
                {
                    return violation;
                }
                heads += length;
                pages += (long)length << order;
            }
            return pages == pcp.Count ? null : $"a per-CPU set of zone {zone.Type} counts {pcp.Count} pages and holds {pages}";
        }

        private int Length(int list)
        {
            int length = 0;
            for (int at = state.Frames.At(list).Next; at != list && length <= state.Frames.Count; at = state.Frames.At(at).Next)
            {
                length++;
            }
            return length;
        }

        private string? List(Zone zone, int list, FrameState kind, int order, int type, int length)
        {
            int previous = list, count = 0;
            for (int at = state.Frames.At(list).Next; at != list; at = state.Frames.At(at).Next)
            {
                ref Frame frame = ref state.Frames.At(at);
                if (frame.State != kind || frame.Order != order || frame.Zone != zone.Type || frame.Prev != previous
                    || (type >= 0 && (int)frame.MigrateType != type))
                {
                    return $"pfn 0x{at:x} is on a list of zone {zone.Type}, order {order}, where it does not belong";
                }
                if (++count > length)
                {
                    break;
                }
                previous = at;
            }
            return count == length ? null : $"a list of zone {zone.Type}, order {order}, counts {length} blocks and holds {count}";
        }
    }
}
