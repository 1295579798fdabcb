using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>
/// The swap area with its cache (mm/swap_state.c) and the slots that CPUs have put aside (mm/swap_slots.c, Linux 6.1).
/// Sourced state.
/// </summary>
public sealed class SwapState : IApply<SwapRefill>, IApply<SwapCluster>, IApply<ZramGrow>, IApply<ZramShrink>
{
    /// <summary>Slots that a CPU takes together, and that are freed together (<c>SWAP_SLOTS_CACHE_SIZE</c>).</summary>
    public const int SlotBatch = 64;

    private readonly int[] _slots;
    private readonly int[] _slotNext;
    private readonly int[] _slotCount;
    private readonly int[] _returned = new int[SlotBatch];
    private readonly int _cpus;
    private readonly List<int> _pool = [];
    private int _returnedCount;
    private bool _batches;

    internal SwapState(SwapOptions options, int cpus, int clusterSlots)
    {
        Options = options;
        _cpus = cpus;
        Area = new SwapAreas(options, cpus, clusterSlots);
        _slots = new int[cpus * SlotBatch];
        _slotNext = new int[cpus];
        _slotCount = new int[cpus];
    }

    /// <summary>What it was made from.</summary>
    [field: Engine.Snapshots.NotInSnapshot]
    public SwapOptions Options { get; }

    /// <summary>The slots, of all areas.</summary>
    public SwapAreas Area { get; }

    /// <summary>The swap cache: which frame holds the page of a slot.</summary>
    public PageCache.PageCacheTable Cache { get; } = new();

    /// <summary>Readahead by slots: the window before this one, where it was, and how many pages it was right about.</summary>
    public SwapWindow Window { get; internal set; } = new(0, 0, 4);

    /// <summary>A read by slots began, of so many pages, or with 0 a page was found in the cache (<c>swapin_nr_pages</c>).</summary>
    internal void NoteWindow(long slot, int pages, bool hit) =>
        // The place is kept as long as reading ahead is right.
        Window = pages > 0
            ? new SwapWindow(Window.Hits == 0 ? slot : Window.Offset, pages, 0)
            : Window with { Hits = Window.Hits + (hit ? 1 : 0) };

    /// <summary>Frames that compressed memory has taken.</summary>
    public IReadOnlyList<int> PoolFrames => _pool;

    public void Apply(in ZramGrow e, in EventHeader header) => _pool.Add((int)e.Pfn);

    public void Apply(in ZramShrink e, in EventHeader header) => _pool.RemoveAt(_pool.Count - 1);

    /// <summary>Slots that CPUs have put aside, and those given back that are not free yet.</summary>
    public int PutAside
    {
        get
        {
            int slots = _returnedCount;
            foreach (int count in _slotCount)
            {
                slots += count;
            }
            return slots;
        }
    }

    /// <summary>The slots of <see cref="PutAside"/>.</summary>
    public IEnumerable<int> PutAsideSlots
    {
        get
        {
            for (int i = 0; i < _returnedCount; i++)
            {
                yield return _returned[i];
            }
            for (int cpu = 0; cpu < _cpus; cpu++)
            {
                for (int i = 0; i < _slotCount[cpu]; i++)
                {
                    yield return _slots[(cpu * SlotBatch) + _slotNext[cpu] + i];
                }
            }
        }
    }

    /// <summary>The slot that a CPU would use next; 0 when it has none.</summary>
    public int NextSlot(int cpu) => _slotCount[cpu] > 0 ? _slots[(cpu * SlotBatch) + _slotNext[cpu]] : 0;

    /// <summary>The frame of the swap cache that holds a slot's page; -1 when there is none.</summary>
    public long Find(int slot) => Cache.Find(1, slot);

    public void Apply(in SwapRefill e, in EventHeader header)
    {
        // With little left, or none, slots are taken and freed one by one (check_cache_active).
        long free = Area.Free;
        if (_batches ? free < _cpus * 2L * SlotBatch : free > _cpus * 5L * SlotBatch)
        {
            _batches = !_batches;
            if (!_batches)
            {
                FreeReturned();
                for (int cpu = 0; cpu < _cpus; cpu++)
                {
                    GiveBack(cpu);
                }
            }
        }
        _slotNext[e.Cpu] = 0;
        _slotCount[e.Cpu] = Area.Take(e.Cpu, _slots.AsSpan(e.Cpu * SlotBatch, _batches ? SlotBatch : 1));
    }

    /// <summary>A whole cluster is taken for a huge page (<c>swap_alloc_cluster</c>).</summary>
    public void Apply(in SwapCluster e, in EventHeader header) => Area.TakeCluster((int)e.Slot);

    /// <summary>A page gets the slot its CPU has next, and joins the swap cache.</summary>
    internal void Add(int cpu, int slot, long pfn)
    {
        TakeSlot(cpu, slot);
        AddToCache(slot, pfn);
    }

    /// <summary>A page gets the slot its CPU has next.</summary>
    internal void TakeSlot(int cpu, int slot)
    {
        if (NextSlot(cpu) != slot)
        {
            throw new InvalidOperationException($"Slot {slot} is not the one that CPU {cpu} has put aside.");
        }
        _slotNext[cpu]++;
        _slotCount[cpu]--;
    }

    /// <summary>A page that is read from its slot joins the swap cache.</summary>
    internal void AddToCache(int slot, long pfn)
    {
        Area.SetCached(slot, true);
        Cache.Add(1, slot, pfn);
    }

    /// <summary>A page leaves the swap cache; its slot is free when no entry names it.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="shadow">What it leaves; 0 for nothing.</param>
    internal void RemoveFromCache(int slot, uint shadow)
    {
        Cache.Remove(1, slot);
        Area.SetCached(slot, false);
        Area.SetShadow(slot, shadow);
        FreeIfUnused(slot);
    }

    /// <summary>A page of the swap cache moved to another frame.</summary>
    internal void Move(int slot, long toPfn) => Cache.Replace(1, slot, toPfn);

    /// <summary>A page-table entry names the slot no longer.</summary>
    internal void DropEntry(int slot)
    {
        Area.DropEntry(slot);
        FreeIfUnused(slot);
    }

    internal void HashInto(ref XxHash64 hash)
    {
        Area.HashInto(ref hash);
        Cache.HashInto(ref hash);
        hash.AddSpan<int>(_slotNext);
        hash.AddSpan<int>(_slotCount);
        hash.AddSpan<int>(_slots);
        hash.AddSpan<int>(_returned.AsSpan(0, _returnedCount));
        foreach (int pfn in _pool)
        {
            hash.Add(pfn);
        }
        hash.Add(_batches ? 1 : 0);
        hash.Add(Window.Offset);
        hash.Add(Window.Pages);
        hash.Add(Window.Hits);
    }

    /// <summary>Slots that nobody needs are freed 64 at a time (<c>free_swap_slot</c>).</summary>
    private void FreeIfUnused(int slot)
    {
        if (Area.CountOf(slot) > 0 || Area.IsCached(slot))
        {
            return;
        }
        Area.SetShadow(slot, 0);
        if (!_batches)
        {
            Area.Release(slot);
            return;
        }
        Area.SetCached(slot, true);
        _returned[_returnedCount++] = slot;
        if (_returnedCount == SlotBatch)
        {
            FreeReturned();
        }
    }

    private void FreeReturned()
    {
        for (int i = 0; i < _returnedCount; i++)
        {
            Area.Release(_returned[i]);
        }
        _returnedCount = 0;
    }

    private void GiveBack(int cpu)
    {
        for (; _slotCount[cpu] > 0; _slotCount[cpu]--)
        {
            Area.Release(_slots[(cpu * SlotBatch) + _slotNext[cpu]++]);
        }
    }
}

/// <summary>A window of readahead.</summary>
/// <param name="Offset">Where it was: a slot.</param>
/// <param name="Pages">Its length.</param>
/// <param name="Hits">Pages read ahead that were asked for since.</param>
public readonly record struct SwapWindow(long Offset, int Pages, int Hits);
