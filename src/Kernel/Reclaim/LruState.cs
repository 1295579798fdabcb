using Sim.Engine.Events;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// The LRU lists of the node and the batches of the CPUs in front of them (mm/swap.c, Linux 6.1). The lists link the frames
/// themselves, so a page on them costs nothing beyond its frame. Sourced state.
/// </summary>
public sealed class LruState : IApply<LruAdd>, IApply<LruDrain>
{
    /// <summary>Pages of a CPU's batch (<c>PAGEVEC_SIZE</c>).</summary>
    public const int BatchSize = 15;

    /// <summary>List heads it needs in the frame table: the lists, and one for pages taken off.</summary>
    public const int Heads = LruLists.Count + 1;

    private readonly FrameTable _frames;
    private readonly int _firstList;
    private readonly long[] _sizes = new long[ZoneTypes.Count * LruLists.Count];
    private readonly int[] _batches;
    private readonly int[] _batchCounts;

    /// <param name="frames">Frames, with <see cref="Heads"/> list heads for it.</param>
    /// <param name="firstList">Number of the first of them.</param>
    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="generations">Pages that can go are on lists of generations, for which there are <see cref="GenerationState.Heads"/> more heads.</param>
    internal LruState(FrameTable frames, int firstList, int cpus, bool generations = false)
    {
        Generations = generations ? new GenerationState(frames, firstList + Heads) : null;
        _frames = frames;
        _firstList = firstList;
        _batches = new int[cpus * BatchSize];
        _batchCounts = new int[cpus];
    }

    /// <summary>The lists of pages that can go, where they are generations; null where they are active and inactive.</summary>
    public GenerationState? Generations { get; }

    /// <summary>Pages, huge ones among them, taken off a list and not yet put back or freed.</summary>
    public int Isolated { get; private set; }

    /// <summary>Number of a list's head in the frame table.</summary>
    public int Head(LruList list) => _firstList + (int)list;

    /// <summary>Number of the head of the pages taken off.</summary>
    public int IsolatedHead => _firstList + LruLists.Count;

    /// <summary>Pages of a zone on a list.</summary>
    public long Size(LruList list, ZoneType zone) => Generations is not null && list != LruList.Unevictable
        ? Generations.Size(list.IsActive(), list.IsFile(), zone)
        : _sizes[((int)zone * LruLists.Count) + (int)list];

    /// <summary>Pages of the zones up to one on a list (<c>lruvec_lru_size</c>).</summary>
    public long SizeUpTo(LruList list, ZoneType highest)
    {
        long pages = 0;
        for (int zone = 0; zone <= (int)highest; zone++)
        {
            pages += Size(list, (ZoneType)zone);
        }
        return pages;
    }

    /// <summary>Pages on a list.</summary>
    public long Size(LruList list) => SizeUpTo(list, (ZoneType)(ZoneTypes.Count - 1));

    /// <summary>Number of CPUs.</summary>
    public int Cpus => _batchCounts.Length;

    /// <summary>Pages in a CPU's batch.</summary>
    public ReadOnlySpan<int> Batch(int cpu) => _batches.AsSpan(cpu * BatchSize, _batchCounts[cpu]);

    public void Apply(in LruAdd e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        frame.Flags |= e.Unevictable ? PageFlags.Batched | PageFlags.Unevictable : PageFlags.Batched;
        if (Generations is { InFault: true } && !frame.Has(PageFlags.Unevictable))
        {
            frame.Flags |= PageFlags.Active;
        }
        _batches[(e.Cpu * BatchSize) + _batchCounts[e.Cpu]++] = (int)e.Pfn;
        // A huge page does not wait (folio_batch_add_and_move).
        if (_batchCounts[e.Cpu] == BatchSize || frame.Order > 0)
        {
            Drain(e.Cpu);
        }
    }

    public void Apply(in LruDrain e, in EventHeader header) => Drain(e.Cpu);

    /// <summary>Puts a page first on the list that its flags name.</summary>
    internal void Put(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (Generations is not null && !frame.Has(PageFlags.Unevictable))
        {
            Generations.Add(pfn, reclaiming: false);
            return;
        }
        LruList list = LruLists.Of(in frame);
        frame.Flags |= PageFlags.Lru;
        _frames.LinkFirst(Head(list), pfn);
        _sizes[((int)frame.Zone * LruLists.Count) + (int)list] += 1L << frame.Order;
    }

    /// <summary>A huge page is about to be split: from now on its first page counts for itself alone.</summary>
    internal void SplitHead(int pfn, int pages)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (frame.Has(PageFlags.Lru))
        {
            _sizes[((int)frame.Zone * LruLists.Count) + (int)LruLists.Of(in frame)] -= pages - 1;
        }
    }

    /// <summary>A page of a huge one that is being split joins it: behind it among those isolated, else before it on its list.</summary>
    internal void AddPiece(int head, int pfn, bool isolated)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (isolated)
        {
            _frames.LinkLast(IsolatedHead, pfn);
            Isolated++;
            return;
        }
        frame.Flags |= PageFlags.Lru;
        _frames.LinkLast(head, pfn);
        _sizes[((int)frame.Zone * LruLists.Count) + (int)LruLists.Of(in frame)]++;
    }

    /// <summary>The first page of a huge one that was split is free.</summary>
    internal void RemovePiece(int pfn, bool isolated)
    {
        ref Frame frame = ref _frames.At(pfn);
        _frames.Unlink(pfn);
        if (isolated)
        {
            Isolated--;
        }
        else
        {
            _sizes[((int)frame.Zone * LruLists.Count) + (int)LruLists.Of(in frame)]--;
        }
        frame.Flags = PageFlags.None;
    }

    /// <summary>Takes a page off its list; its other flags stay, but one of an active generation is marked active.</summary>
    internal void Take(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (frame.Generation != 0)
        {
            Generations!.Take(pfn, reclaiming: false);
            return;
        }
        _sizes[((int)frame.Zone * LruLists.Count) + (int)LruLists.Of(in frame)] -= 1L << frame.Order;
        frame.Flags &= ~PageFlags.Lru;
        _frames.Unlink(pfn);
    }

    /// <summary>Takes up to so many pages off a list's end, oldest first; pages of higher zones go to its head.</summary>
    /// <returns>How many were taken; more than asked for when the last was a huge one.</returns>
    internal int Isolate(LruList list, int pages, ZoneType highest)
    {
        int head = Head(list), taken = 0, first = -1;
        for (int pfn = _frames.At(head).Prev; taken < pages && pfn != head && pfn != first; pfn = _frames.At(head).Prev)
        {
            if (_frames.At(pfn).Zone > highest)
            {
                first = first < 0 ? pfn : first;
                _frames.Unlink(pfn);
                _frames.LinkFirst(head, pfn);
                continue;
            }
            Take(pfn);
            _frames.LinkFirst(IsolatedHead, pfn);
            Isolated++;
            taken += 1 << _frames.At(pfn).Order;
        }
        return taken;
    }

    /// <summary>Takes one page off its list; when it is in a batch, that goes to the lists first.</summary>
    internal void IsolateOne(int pfn)
    {
        for (int cpu = 0; cpu < _batchCounts.Length && _frames.At(pfn).Has(PageFlags.Batched); cpu++)
        {
            if (Batch(cpu).Contains(pfn))
            {
                Drain(cpu);
            }
        }
        Take(pfn);
        if (Generations is not null)
        {
            _frames.At(pfn).Flags &= ~PageFlags.Active;
        }
        SetAside(pfn);
    }

    /// <summary>A page that was taken off its list waits to be decided about.</summary>
    internal void SetAside(int pfn)
    {
        _frames.LinkFirst(IsolatedHead, pfn);
        Isolated++;
    }

    /// <summary>The page that was isolated first and is still there; -1 when there is none.</summary>
    public int FirstIsolated => _frames.At(IsolatedHead).Prev is int pfn && pfn != IsolatedHead ? pfn : -1;

    /// <summary>An isolated page goes its way.</summary>
    internal void Release(int pfn)
    {
        _frames.Unlink(pfn);
        Isolated--;
    }

    /// <summary>An inactive page goes to the end of its list, where reclaim begins (<c>folio_rotate_reclaimable</c>).</summary>
    internal void Rotate(int pfn)
    {
        if (Generations is not null)
        {
            Generations.Take(pfn, reclaiming: true);
            _frames.At(pfn).Flags &= ~PageFlags.Reclaim;
            Generations.Add(pfn, reclaiming: true);
            return;
        }
        LruList list = LruLists.Of(in _frames.At(pfn));
        _frames.Unlink(pfn);
        _frames.LinkLast(Head(list), pfn);
    }

    /// <summary>A page is about to be freed: it leaves list or batch (<c>__page_cache_release</c>).</summary>
    internal void Remove(int pfn)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (frame.Has(PageFlags.Lru))
        {
            Take(pfn);
        }
        else if (frame.Has(PageFlags.Batched))
        {
            for (int cpu = 0; cpu < _batchCounts.Length; cpu++)
            {
                Span<int> batch = _batches.AsSpan(cpu * BatchSize, _batchCounts[cpu]);
                int at = batch.IndexOf(pfn);
                if (at >= 0)
                {
                    batch[(at + 1)..].CopyTo(batch[at..]);
                    _batchCounts[cpu]--;
                    break;
                }
            }
        }
        frame.Flags = PageFlags.None;
        frame.Uses = 0;
    }

    /// <summary>A page moved to another frame, which takes its place on list or in batch.</summary>
    internal void Move(int from, int to)
    {
        ref Frame old = ref _frames.At(from);
        ref Frame moved = ref _frames.At(to);
        PageFlags flags = old.Flags;
        if (old.Has(PageFlags.Batched))
        {
            _batches.AsSpan().Replace(from, to);
            moved.Flags = flags;
        }
        else if (old.Has(PageFlags.Lru))
        {
            Take(from);
            moved.Flags = old.Flags;
            Put(to);
        }
        else
        {
            moved.Flags = flags;
        }
        old.Flags = PageFlags.None;
        old.Uses = 0;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<long>(_sizes);
        hash.AddSpan<int>(_batchCounts);
        for (int cpu = 0; cpu < _batchCounts.Length; cpu++)
        {
            hash.AddSpan<int>(Batch(cpu));
        }
        Generations?.HashInto(ref hash);
    }

    private void Drain(int cpu)
    {
        foreach (int pfn in Batch(cpu))
        {
            _frames.At(pfn).Flags &= ~PageFlags.Batched;
            Put(pfn);
        }
        _batchCounts[cpu] = 0;
    }
}
