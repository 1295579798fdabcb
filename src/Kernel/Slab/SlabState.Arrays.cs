using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <content>
/// The classic slab (mm/slab.c): objects wait in the CPUs' arrays; behind them are a shared array and three lists of slabs,
/// full, partial and free ones.
/// </content>
public sealed partial class SlabState : IApply<SlabArrayRefill>, IApply<SlabArrayFlush>, IApply<SlabReapRound>
{
    /// <summary>When shared arrays and free slabs had their last turn at reaping, in picoseconds.</summary>
    public long LastNodeReapPs { get; private set; }

    /// <summary>Fills the CPU's array from the shared one, or from partial slabs and then free ones.</summary>
    public void Apply(in SlabArrayRefill e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        ArrayCache array = cache.Array(e.Cpu);
        if (e.Source == ArrayRefillSource.Shared)
        {
            array.TakeLast(cache.Shared!, Math.Min(e.Batch, cache.Shared!.Available));
            cache.Shared.Touched = true;
            return;
        }
        int left = e.Batch;
        while (left > 0)
        {
            int number = _slabs[cache.Partial].Next;
            if (number == cache.Partial)
            {
                cache.FreeTouched |= e.Source == ArrayRefillSource.Lists;
                number = _slabs[cache.Empty].Next;
                if (number == cache.Empty)
                {
                    return;
                }
                cache.FreeSlabs--;
            }
            left = TakeFrom(cache, array, number, left);
        }
    }

    /// <summary>The first objects of an array go to the shared one, or each to its slab.</summary>
    public void Apply(in SlabArrayFlush e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        ArrayCache array = e.Cpu < 0 ? cache.Shared! : cache.Array(e.Cpu);
        if (e.ToShared)
        {
            cache.Shared!.TakeFirst(array, e.Objects);
            return;
        }
        foreach (long address in array.Entries[..e.Objects])
        {
            PutBack(cache, address);
        }
        array.DropFirst(e.Objects);
    }

    /// <summary>Clears the marks of arrays in use.</summary>
    public void Apply(in SlabReapRound e, in EventHeader header)
    {
        foreach (SlabCache cache in _caches)
        {
            cache.Array(e.Cpu).Touched = false;
            if (e.Node)
            {
                cache.FreeTouched = false;
                if (cache.Shared is { } shared)
                {
                    shared.Touched = false;
                }
            }
        }
        if (e.Node)
        {
            LastNodeReapPs = header.TimePs;
        }
    }

    /// <summary>Takes up to that many objects of a slab, which then goes first on the list it belongs on (<c>alloc_block</c>, <c>fixup_slab_list</c>).</summary>
    private int TakeFrom(SlabCache cache, ArrayCache array, int number, int wanted)
    {
        ref SlabRecord slab = ref _slabs[number];
        for (; wanted > 0 && slab.Free != End; wanted--)
        {
            int index = slab.Free;
            slab.Free = _bufctl[slab.Bufctl + index];
            _bufctl[slab.Bufctl + index] = InArray;
            slab.InUse++;
            cache.FreeObjects--;
            array.Push(AddressOf(in slab, cache, index));
        }
        MoveFirst(slab.Free == End ? cache.Full : cache.Partial, number);
        return wanted;
    }

    /// <summary>The object is the first free one of its slab, which goes first among the free or last among the partial ones (<c>free_block</c>).</summary>
    private void PutBack(SlabCache cache, long address)
    {
        int number = SlabOf(address);
        ref SlabRecord slab = ref _slabs[number];
        int index = IndexOf(in slab, cache, address);
        _bufctl[slab.Bufctl + index] = slab.Free;
        slab.Free = index;
        slab.InUse--;
        cache.FreeObjects++;
        if (slab.InUse == 0)
        {
            cache.FreeSlabs++;
            MoveFirst(cache.Empty, number);
        }
        else
        {
            MoveLast(cache.Partial, number);
        }
    }
}
