namespace Sim.Kernel.Slab;

/// <content>Records of slabs, the lists they are on, and the pool that accounts for their objects.</content>
public sealed partial class SlabState
{
    /// <summary>The bufctl entry of an object that is handed out is this less the bytes it was asked for with.</summary>
    private const int Taken = -1;

    /// <summary>The bufctl entry of an object in an array.</summary>
    private const int InArray = int.MinValue;

    private SlabRecord[] _slabs = new SlabRecord[64];
    private int[] _bufctl = new int[1024];
    private int _slabCount, _bufctlCount, _spareSlab = End;

    /// <summary>Records in use or spare, list heads included.</summary>
    internal int RecordCount => _slabCount;

    /// <summary>The record of a slab or list head.</summary>
    internal ref SlabRecord Slab(int number) => ref _slabs[number];

    /// <summary>True when an object is handed out.</summary>
    internal bool IsTaken(in SlabRecord slab, int index) => _bufctl[slab.Bufctl + index] is < Taken and not InArray;

    /// <summary>True when an object is in an array.</summary>
    internal bool IsInArray(in SlabRecord slab, int index) => _bufctl[slab.Bufctl + index] == InArray;

    /// <summary>The free object after a free one; <see cref="End"/> for the last.</summary>
    internal int NextFree(in SlabRecord slab, int index) => _bufctl[slab.Bufctl + index];

    /// <summary>The bytes that an object handed out was asked for with.</summary>
    internal int RequestedBytes(in SlabRecord slab, int index) => Taken - _bufctl[slab.Bufctl + index];

    /// <summary>Chains all objects of a new slab in the cache's order, from a place in it on; returns the first.</summary>
    private int Chain(SlabCache cache, int bufctl, int objects, int start)
    {
        int[]? order = cache.RandomOrder;
        int first = End, last = End;
        int count = order?.Length ?? objects;
        for (int i = 0; i < count; i++)
        {
            int index = order is null ? i : order[(start + i) % count];
            if (index >= objects)
            {
                // A slab of the least order has fewer objects than the cache's order names.
                continue;
            }
            if (last == End)
            {
                first = index;
            }
            else
            {
                _bufctl[bufctl + last] = index;
            }
            last = index;
        }
        _bufctl[bufctl + last] = End;
        return first;
    }

    private int NewHead()
    {
        int number = NewRecord();
        ref SlabRecord head = ref _slabs[number];
        head = default;
        head.Cache = -1;
        head.Next = head.Prev = number;
        return number;
    }

    private int NewRecord()
    {
        if (_spareSlab != End)
        {
            int number = _spareSlab;
            _spareSlab = _slabs[number].Next;
            return number;
        }
        if (_slabCount == _slabs.Length)
        {
            Array.Resize(ref _slabs, _slabs.Length * 2);
        }
        return _slabCount++;
    }

    private int NewBufctl(SlabCache cache)
    {
        int start = cache.SpareBufctl;
        if (start != End)
        {
            cache.SpareBufctl = _bufctl[start];
            return start;
        }
        start = _bufctlCount;
        _bufctlCount += cache.ObjectsPerSlab;
        while (_bufctlCount > _bufctl.Length)
        {
            Array.Resize(ref _bufctl, _bufctl.Length * 2);
        }
        return start;
    }

    private void MoveFirst(int head, int number)
    {
        Unlink(number);
        Link(head, _slabs[head].Next, number);
    }

    private void MoveLast(int head, int number)
    {
        Unlink(number);
        Link(_slabs[head].Prev, head, number);
    }

    private void Unlink(int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        _slabs[slab.Prev].Next = slab.Next;
        _slabs[slab.Next].Prev = slab.Prev;
        slab.Next = slab.Prev = End;
    }

    private void Link(int prev, int next, int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        slab.Prev = prev;
        slab.Next = next;
        _slabs[prev].Next = number;
        _slabs[next].Prev = number;
    }
}
