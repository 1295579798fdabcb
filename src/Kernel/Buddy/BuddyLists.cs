using System.Runtime.CompilerServices;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// The buddy system's own steps on the free lists of the zones: take the smallest block that serves and split it, give
/// a block back and merge it, move blocks between migratetypes. The order within the lists is the kernel's
/// (mm/page_alloc.c of 6.1: <c>__rmqueue_smallest</c>, <c>expand</c>, <c>__free_one_page</c>, <c>move_freepages_block</c>).
/// Called by <c>Apply</c> only.
/// </summary>
internal readonly struct BuddyLists(FrameTable frames, int pageblockOrder)
{
    /// <summary>Order of the smallest free block that serves a request, or -1 when the type has none.</summary>
    public static int SmallestOrder(Zone zone, int order, MigrateType type)
    {
        for (; order < PageOrder.Count; order++)
        {
            if (zone.FreeBlocks(order, type) > 0)
            {
                return order;
            }
        }
        return -1;
    }

    /// <summary>Takes a block of the order from the first block of the smallest order that serves. There is one.</summary>
    public int TakeSmallest(Zone zone, int order, MigrateType type)
    {
        int from = SmallestOrder(zone, order, type);
        int pfn = frames.At(zone.FreeList(from, type)).Next;
        Take(zone, pfn, order);
        return pfn;
    }

    /// <summary>Takes a free block off its list and leaves the upper halves it does not need on the lists below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(Zone zone, int pfn, int order)
    {
        ref Frame frame = ref frames.At(pfn);
        int from = frame.Order;
        MigrateType type = frame.MigrateType;
        Remove(zone, pfn, from, type);
        zone.FreePages -= 1L << order;
        while (from > order)
        {
            from--;
            Add(zone, pfn + (1 << from), from, type, last: false);
        }
        frame.Order = (byte)order;
    }

    /// <summary>Gives a block back, merged with its free buddies; returns the order it ends up with.</summary>
    public int Free(Zone zone, int pfn, int order, MigrateType type, bool last = false)
    {
        zone.FreePages += 1L << order;
        frames.At(pfn).State = FrameState.Tail;
        while (order < PageOrder.Max)
        {
            int buddy = pfn ^ (1 << order);
            ref Frame other = ref frames.At(buddy);
            if (!IsFree(in other, order, zone.Type) || (order >= pageblockOrder && !MayMerge(zone, buddy, type)))
            {
                break;
            }
            Remove(zone, buddy, order, other.MigrateType);
            other.State = FrameState.Tail;
            pfn &= buddy;
            order++;
        }
        // A block whose next greater buddy is free goes last, so that it may stay until it can merge.
        if (!last && order < PageOrder.Max - 1)
        {
            int combined = pfn & ~(1 << order);
            last = IsFree(in frames.At(combined ^ (1 << (order + 1))), order + 1, zone.Type);
        }
        Add(zone, pfn, order, type, last);
        return order;
    }

    /// <summary>Moves a free block to the end of another type's list.</summary>
    public void Retype(Zone zone, int pfn, MigrateType type)
    {
        ref Frame frame = ref frames.At(pfn);
        int order = frame.Order;
        Remove(zone, pfn, order, frame.MigrateType);
        Add(zone, pfn, order, type, last: true);
    }

    /// <summary>True when the number heads a free block of the order in the zone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFree(in Frame frame, int order, ZoneType zone) =>
        frame.State == FrameState.Buddy && frame.Order == order && frame.Zone == zone;

    /// <summary>Page blocks of the pcp types merge with each other; the others only with their like.</summary>
    private static bool MayMerge(Zone zone, int buddy, MigrateType type)
    {
        MigrateType other = zone.PageblockType(buddy);
        return other == type || ((int)type < MigrateTypes.PcpTypes && (int)other < MigrateTypes.PcpTypes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(Zone zone, int pfn, int order, MigrateType type, bool last)
    {
        ref Frame frame = ref frames.At(pfn);
        frame.State = FrameState.Buddy;
        frame.Order = (byte)order;
        frame.MigrateType = type;
        int list = zone.FreeList(order, type);
        if (last)
        {
            frames.LinkLast(list, pfn);
        }
        else
        {
            frames.LinkFirst(list, pfn);
        }
        zone.CountBlock(order, type, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Remove(Zone zone, int pfn, int order, MigrateType type)
    {
        frames.Unlink(pfn);
        zone.CountBlock(order, type, -1);
    }
}
