namespace Sim.Kernel.Replacement;

/// <summary>
/// The page whose next reference is farthest away goes (Belady 1966, MIN). No policy that loads on demand faults less; it needs the
/// future, which <see cref="FutureReferences"/> takes from the trace. A heap of the resident pages, farthest on top; pages never wanted again
/// are ordered by handle, so that more frames always hold what fewer hold (Mattson et al. 1970).
/// </summary>
internal sealed class OptPolicy(int frames, FutureReferences future) : IReferenceObserver
{
    private readonly int[] _heap = new int[frames];
    private int[] _places = [];
    private long[] _nextUses = [];
    private long _position = -1;
    private int _count;

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        Array.Resize(ref _places, pages);
        Array.Resize(ref _nextUses, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _nextUses[page] = NextUse(page);
        _heap[_count] = page;
        Rise(_count++);
    }

    // The page's next use was the nearest of all, this one: it can only move away.
    /// <inheritdoc/>
    public void Reference(int page)
    {
        _nextUses[page] = NextUse(page);
        Rise(_places[page]);
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _heap[0];
        Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        int place = _places[page];
        int moved = _heap[--_count];
        if (moved == page)
        {
            return;
        }
        _heap[place] = moved;
        Sink(place);
        Rise(_places[moved]);
    }

    private long NextUse(int page)
    {
        int next = future.After(++_position);
        return next == FutureReferences.Never ? (long)FutureReferences.Never + page : next;
    }

    private void Rise(int place)
    {
        int page = _heap[place];
        while (place > 0 && _nextUses[_heap[(place - 1) / 2]] < _nextUses[page])
        {
            Put(place, _heap[(place - 1) / 2]);
            place = (place - 1) / 2;
        }
        Put(place, page);
    }

    private void Sink(int place)
    {
        int page = _heap[place];
        while (2 * place + 1 < _count)
        {
            int child = 2 * place + 1;
            child += child + 1 < _count && _nextUses[_heap[child + 1]] > _nextUses[_heap[child]] ? 1 : 0;
            if (_nextUses[_heap[child]] <= _nextUses[page])
            {
                break;
            }
            Put(place, _heap[child]);
            place = child;
        }
        Put(place, page);
    }

    private void Put(int place, int page)
    {
        _heap[place] = page;
        _places[page] = place;
    }
}
