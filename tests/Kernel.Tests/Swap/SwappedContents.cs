using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Faults;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;

namespace Sim.Kernel.Tests.Swap;

/// <summary>
/// What frames and slots hold of one object of shared memory, followed through a log by copies alone: a page's content is its offset from
/// the moment it is made, a write to the area copies frame to slot, a read slot to frame. Knows nothing of the simulator's own state.
/// </summary>
internal sealed class SwappedContents(int file, ulong address) :
    IApply<CacheAdd>, IApply<ShmemWritepage>, IApply<ReclaimUnmap>, IApply<ReclaimPageout>, IApply<SwapRead>, IApply<ShmemSwapIn>,
    IApply<CompactMigrate>, IApply<PageFree>, IApply<PageFreeBuddy>, IApply<FaultFile>
{
    private readonly Dictionary<long, long> _frames = [], _slots = [], _slotOf = [];
    private readonly HashSet<long> _made = [];

    public int Written { get; private set; }

    public int Read { get; private set; }

    /// <summary>Offset whose content a frame holds; -1 for something else.</summary>
    public long Of(long pfn) => _frames.GetValueOrDefault(pfn, -1);

    public void Apply(in CacheAdd e, in EventHeader header)
    {
        if (e.File == file)
        {
            Assert.True(_made.Add(e.Pgoff), $"page {e.Pgoff} is made of zeroes a second time: what it held is lost");
            _frames[e.Pfn] = e.Pgoff;
        }
    }

    public void Apply(in ShmemWritepage e, in EventHeader header) => _slotOf[e.Pfn] = e.Slot;

    public void Apply(in ReclaimUnmap e, in EventHeader header)
    {
        if (e.Slot != 0)
        {
            // An anonymous page takes a slot, which holds nothing of the object any more.
            _slotOf[e.Pfn] = e.Slot;
        }
    }

    public void Apply(in ReclaimPageout e, in EventHeader header)
    {
        if (_slotOf.TryGetValue(e.Pfn, out long slot))
        {
            Copy(_frames, e.Pfn, _slots, slot);
            Written += _slots.ContainsKey(slot) ? 1 : 0;
        }
    }

    public void Apply(in SwapRead e, in EventHeader header)
    {
        Copy(_slots, e.Slot, _frames, e.Pfn);
        _slotOf[e.Pfn] = e.Slot;
    }

    public void Apply(in ShmemSwapIn e, in EventHeader header)
    {
        Assert.Equal((file, e.Pgoff), (e.File, Of(e.Pfn)));
        _slotOf.Remove(e.Pfn);
        Read++;
    }

    public void Apply(in CompactMigrate e, in EventHeader header)
    {
        Copy(_frames, e.FromPfn, _frames, e.ToPfn);
        Copy(_slotOf, e.FromPfn, _slotOf, e.ToPfn);
    }

    public void Apply(in PageFree e, in EventHeader header) => Forget(e.Pfn, e.Order);

    public void Apply(in PageFreeBuddy e, in EventHeader header) => Forget(e.Pfn, e.Order);

    public void Apply(in FaultFile e, in EventHeader header) => Assert.Equal(e.Vpn - (long)(address >> 12), Of(e.Pfn));

    private static void Copy(Dictionary<long, long> from, long key, Dictionary<long, long> to, long toKey)
    {
        if (from.TryGetValue(key, out long content))
        {
            to[toKey] = content;
        }
        else
        {
            to.Remove(toKey);
        }
    }

    private void Forget(long pfn, int order)
    {
        for (long end = pfn + (1L << order); pfn < end; pfn++)
        {
            _frames.Remove(pfn);
            _slotOf.Remove(pfn);
        }
    }
}
