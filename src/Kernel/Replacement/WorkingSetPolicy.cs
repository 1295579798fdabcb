namespace Sim.Kernel.Replacement;

/// <summary>
/// A page that was not referenced within the window has left the working set and goes; if all belong to it, the one referenced longest
/// ago (Denning, "The working set model for program behavior", 1968; with accessed bits: Tanenbaum, "Modern Operating Systems", 3.4.8).
/// Every fault looks at every page, which is what <see cref="WsClockPolicy"/> avoids; victims of one moment share a look.
/// </summary>
internal sealed class WorkingSetPolicy(IPageActivity activity, long window) : IReplacementPolicy
{
    private readonly PageLists _pages = new(1);
    private readonly VictimOrder _order = new();
    private long[] _lastUses = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _pages.Reserve(pages);
        Array.Resize(ref _lastUses, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _lastUses[page] = activity.Now;
        _pages.AddLast(0, page);
        _order.Forget();
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _order.IsKnown(activity.Moment) ? NextInOrder() : Look();
        _pages.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        _pages.Remove(page);
        _order.Forget();
    }

    private int Look()
    {
        int oldest = PageLists.None;
        int outside = PageLists.None;
        for (int page = _pages.First(0); page != PageLists.None; page = _pages.Next(page))
        {
            if (activity.TestAndClearAccessed(page))
            {
                _lastUses[page] = activity.Now;
            }
            if (outside == PageLists.None && IsOutside(page))
            {
                outside = page;
            }
            if (oldest == PageLists.None || _lastUses[page] < _lastUses[oldest])
            {
                oldest = page;
            }
        }
        _order.Begin(activity.Moment);
        return outside != PageLists.None ? outside : oldest;
    }

    private int NextInOrder()
    {
        if (_order.IsEmpty)
        {
            for (int page = _pages.First(0); page != PageLists.None; page = _pages.Next(page))
            {
                _order.Add(page, IsOutside(page) ? long.MinValue : _lastUses[page]);
            }
            _order.Sort();
        }
        return _order.Take();
    }

    private bool IsOutside(int page) => activity.Now - _lastUses[page] > window && !activity.IsDirty(page);
}
