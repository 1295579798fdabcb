namespace Sim.Kernel.Replacement;

/// <summary>
/// Four LRU lists of equal size: a page comes in at the lowest, every reference lifts it by one, and what overflows a list sinks to the
/// next lower one (Karedla, Love and Wherry, "Caching strategies to improve disk system performance", 1994, with four segments).
/// </summary>
internal sealed class SegmentedLruPolicy : IReferenceObserver
{
    private readonly PageLists _segments;
    private readonly int[] _capacities;

    /// <summary>Equal segments.</summary>
    public SegmentedLruPolicy(int frames)
        : this(Enumerable.Repeat(Math.Max(1, frames / 4), 4).ToArray())
    {
    }

    /// <summary>Segments of given sizes, lowest first.</summary>
    private SegmentedLruPolicy(int[] capacities)
    {
        _capacities = capacities;
        _segments = new PageLists(capacities.Length);
    }

    /// <inheritdoc/>
    public void Reserve(int pages) => _segments.Reserve(pages);

    // While memory fills, pages take the lowest segment that has room.
    /// <inheritdoc/>
    public void Insert(int page)
    {
        int segment = 0;
        while (segment < _capacities.Length && _segments.Count(segment) >= _capacities[segment])
        {
            segment++;
        }
        _segments.AddFirst(segment == _capacities.Length ? 0 : segment, page);
    }

    /// <inheritdoc/>
    public void Reference(int page)
    {
        int segment = Math.Min(_segments.ListOf(page) + 1, _capacities.Length - 1);
        _segments.MoveFirst(segment, page);
        for (; segment > 0 && _segments.Count(segment) > _capacities[segment]; segment--)
        {
            _segments.MoveFirst(segment - 1, _segments.Last(segment));
        }
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int segment = 0;
        while (_segments.Count(segment) == 0)
        {
            segment++;
        }
        int victim = _segments.Last(segment);
        _segments.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _segments.Remove(page);
}
