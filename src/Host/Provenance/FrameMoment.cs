using Sim.Kernel.Buddy;
using Sim.Kernel.PerCpu;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>What is the case with one page frame at a moment; equal when nothing about the frame has changed.</summary>
/// <param name="State">Who holds its block; never <see cref="FrameState.Tail"/>.</param>
/// <param name="Head">First frame of its block.</param>
/// <param name="Order">Order of its block.</param>
/// <param name="Zone">Its zone.</param>
/// <param name="MigrateType">Migratetype of its block.</param>
/// <param name="PageblockType">Migratetype of its page block.</param>
/// <param name="Owner">For whom it is allocated.</param>
/// <param name="AllocatedBy">Event that allocated it; -1 while it is free.</param>
/// <param name="Use">What it is used for.</param>
/// <param name="Index">Offset in its mapping, number of its slab, or why it is reserved.</param>
/// <param name="MapCount">Page-table entries that map it.</param>
internal readonly record struct FrameMoment(
    FrameState State, long Head, int Order, ZoneType Zone, MigrateType MigrateType, MigrateType PageblockType,
    int Owner, long AllocatedBy, FrameUse Use, int Index, int MapCount)
{
    /// <summary>True while nobody holds the frame.</summary>
    public bool IsFree => State is FrameState.Buddy or FrameState.Pcp;

    /// <summary>Looks at a frame.</summary>
    /// <param name="pages">The state.</param>
    /// <param name="pfn">The frame.</param>
    /// <param name="near">The head of its block at the last look: most often it still is.</param>
    public static FrameMoment Of(PageAllocatorState pages, long pfn, long near)
    {
        FrameTable frames = pages.Frames;
        ref readonly Frame own = ref frames[pfn];
        if (own.State == FrameState.Hole)
        {
            return new FrameMoment(FrameState.Hole, pfn, 0, own.Zone, 0, 0, 0, -1, FrameUse.None, 0, 0);
        }
        long head = own.State != FrameState.Tail ? pfn
            : near < pfn && frames[near].State != FrameState.Tail && near + (1L << frames[near].Order) > pfn ? near
            : FrameView.Head(frames, pfn);
        ref readonly Frame block = ref frames[head];
        MigrateType pageblock = pages.Zone(block.Zone).PageblockType(pfn);
        return block.State switch
        {
            FrameState.Buddy or FrameState.Pcp => new FrameMoment(
                block.State, head, block.Order, block.Zone, block.MigrateType, pageblock, 0, -1, FrameUse.None, 0, 0),
            FrameState.Reserved => new FrameMoment(
                block.State, head, 0, block.Zone, 0, pageblock, 0, -1, FrameUse.None, block.Index, 0),
            _ => new FrameMoment(
                block.State, head, block.Order, block.Zone, block.MigrateType, pageblock, block.Owner, block.AllocatedBy, own.Use, own.Index, own.MapCount),
        };
    }

    /// <summary>The CPU whose list a free block is on; -1 when it is on none.</summary>
    public int ListCpu(PageAllocatorState pages)
    {
        if (State != FrameState.Pcp)
        {
            return -1;
        }
        int at = pages.Frames[Head].Next;
        while (!pages.Frames.IsListHead(at))
        {
            at = pages.Frames[at].Next;
        }
        return Array.FindIndex(pages.Zone(Zone).PerCpu, p => at >= p.FirstListHead && at < p.FirstListHead + PerCpuPages.Lists);
    }
}
