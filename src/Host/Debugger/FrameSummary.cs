using Sim.Host.Provenance;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>How a frame differs from what it was.</summary>
internal enum FrameDifference
{
    None,

    /// <summary>It was free and is held.</summary>
    HandedOut,

    /// <summary>It was held and is free.</summary>
    Freed,

    /// <summary>It was held and is held by somebody else, or since another allocation.</summary>
    HandedOutAgain,

    /// <summary>It is free both times, in another block or on another list.</summary>
    OtherList,

    /// <summary>The same holder uses or maps it in another way.</summary>
    OtherUse,

    /// <summary>It was kept from the allocator, or is.</summary>
    Reserved,
}

/// <summary>The frames of a machine at a moment, in eight bytes each: how each is held, and hashes of by whom and for what.</summary>
internal sealed class FrameSummary
{
    private readonly ulong[] _frames;
    private readonly byte[][] _pageblocks;

    public FrameSummary(PageAllocatorState pages)
    {
        _frames = new ulong[pages.Frames.Count];
        long near = 0;
        for (int pfn = 0; pfn < _frames.Length; pfn++)
        {
            var frame = FrameMoment.Of(pages, pfn, near);
            near = frame.Head;
            ulong place = Hash(frame.Head, frame.Order, (long)frame.MigrateType, (long)frame.State);
            ulong holder = frame.State == FrameState.Allocated ? Hash(frame.Owner, frame.AllocatedBy, 0, 0) : place;
            ulong use = Hash((long)frame.Use, frame.Index, frame.MapCount, (long)place);
            _frames[pfn] = (ulong)frame.State | (holder >> 34 << 4) | (use >> 34 << 34);
        }
        _pageblocks = [.. pages.Zones.Select(z => z.PageblockTypes.ToArray())];
    }

    /// <summary>Number of frames.</summary>
    public int Count => _frames.Length;

    /// <summary>Migratetypes of page blocks, zone by zone.</summary>
    public IReadOnlyList<byte[]> Pageblocks => _pageblocks;

    /// <summary>How a frame at a later moment differs from this one.</summary>
    public FrameDifference Compare(FrameSummary later, int pfn)
    {
        ulong a = _frames[pfn], b = later._frames[pfn];
        if (a == b)
        {
            return FrameDifference.None;
        }
        FrameState before = State(a), after = State(b);
        return (IsFree(before), IsFree(after)) switch
        {
            (true, true) => FrameDifference.OtherList,
            (true, false) when after == FrameState.Allocated => FrameDifference.HandedOut,
            (false, true) when before == FrameState.Allocated => FrameDifference.Freed,
            (false, false) when before == FrameState.Allocated && after == FrameState.Allocated =>
                Holder(a) != Holder(b) ? FrameDifference.HandedOutAgain : FrameDifference.OtherUse,
            _ => FrameDifference.Reserved,
        };
    }

    private static FrameState State(ulong frame) => (FrameState)(frame & 0xF);

    private static ulong Holder(ulong frame) => frame >> 4 & ((1UL << 30) - 1);

    private static bool IsFree(FrameState state) => state is FrameState.Buddy or FrameState.Pcp;

    private static ulong Hash(long a, long b, long c, long d)
    {
        ulong hash = 0x9E3779B185EBCA87;
        foreach (long value in (ReadOnlySpan<long>)[a, b, c, d])
        {
            hash = (hash ^ (ulong)value) * 0xC2B2AE3D27D4EB4F;
            hash ^= hash >> 29;
        }
        return hash;
    }
}
