using System.Numerics;

namespace Sim.Kernel.Replacement;

/// <summary>
/// The order in which pages go while none is referenced or written to: by a key, and of equals as they were added. A policy that has looked
/// at every page without finding one to take at once has seen all there is to see at this moment, so that its next victims need no other look.
/// </summary>
internal sealed class VictimOrder
{
    private const long Never = -1;

    private Entry[] _heap = new Entry[64];
    private int _count;
    private bool _isSorted;
    private long _moment = Never;

    /// <summary>Whether the policy has looked at every page at a moment (<see cref="IPageActivity.Moment"/>).</summary>
    public bool IsKnown(long moment) => _moment == moment;

    /// <summary>Whether the pages still have to be added.</summary>
    public bool IsEmpty => !_isSorted;

    /// <summary>The policy has looked at every page.</summary>
    public void Begin(long moment) => (_moment, _count, _isSorted) = (moment, 0, false);

    /// <summary>Pages came, went or changed.</summary>
    public void Forget() => Begin(Never);

    /// <summary>Adds a page; those with lesser keys go before it.</summary>
    public void Add(int page, long key)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, 2 * _heap.Length);
        }
        _heap[_count] = new Entry { Key = key, Position = _count, Page = page };
        _count++;
    }

    /// <summary>All pages are added.</summary>
    public void Sort()
    {
        for (int i = _count / 2 - 1; i >= 0; i--)
        {
            Sink(_heap[i], i);
        }
        _isSorted = true;
    }

    /// <summary>The page that goes next; it is no longer in the order.</summary>
    public int Take()
    {
        int page = _heap[0].Page;
        Sink(_heap[--_count], 0);
        return page;
    }

    /// <summary>The page that goes next, of those on a ring from its hand on.</summary>
    /// <param name="ring">The pages; they are added when none is.</param>
    /// <param name="keys">The key of each page.</param>
    public int TakeFrom<T>(PageRing ring, T[] keys)
        where T : IBinaryInteger<T>
    {
        if (IsEmpty)
        {
            for (int left = ring.Count; left > 0; left--)
            {
                Add(ring.Hand, long.CreateChecked(keys[ring.Hand]));
                ring.Advance();
            }
            Sort();
        }
        return Take();
    }

    private void Sink(Entry entry, int at)
    {
        for (int child = 2 * at + 1; child < _count; child = 2 * at + 1)
        {
            if (child + 1 < _count && _heap[child + 1].IsBefore(_heap[child]))
            {
                child++;
            }
            if (entry.IsBefore(_heap[child]))
            {
                break;
            }
            _heap[at] = _heap[child];
            at = child;
        }
        _heap[at] = entry;
    }

    private struct Entry
    {
        public long Key;
        public int Position;
        public int Page;

        public readonly bool IsBefore(in Entry other) => Key < other.Key || (Key == other.Key && Position < other.Position);
    }
}
