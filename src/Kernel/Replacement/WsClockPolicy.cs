namespace Sim.Kernel.Replacement;

/// <summary>
/// The working set found by a clock's hand: a referenced page gets the present as its time of last use; an unreferenced one older than
/// the window goes if it is clean and is written if it is dirty (Carr and Hennessy, "WSClock: a simple and effective algorithm for
/// virtual memory management", 1981). If the hand comes round without a victim, the page used longest ago goes.
/// </summary>
internal sealed class WsClockPolicy(IPageActivity activity, long window) : IReplacementPolicy
{
    private readonly PageRing _ring = new();
    private readonly VictimOrder _order = new();
    private long[] _lastUses = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _ring.Reserve(pages);
        Array.Resize(ref _lastUses, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _lastUses[page] = activity.Now;
        _ring.Add(page);
        _order.Forget();
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _order.IsKnown(activity.Moment) ? _order.TakeFrom(_ring, _lastUses) : Turn();
        _ring.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        _ring.Remove(page);
        _order.Forget();
    }

    private int Turn()
    {
        int victim = PageLists.None;
        for (int left = _ring.Count; left > 0; left--)
        {
            int page = _ring.Hand;
            if (activity.TestAndClearAccessed(page))
            {
                _lastUses[page] = activity.Now;
            }
            else if (activity.Now - _lastUses[page] > window)
            {
                if (!activity.IsDirty(page))
                {
                    return page;
                }
                activity.StartWriting(page);
            }
            if (victim == PageLists.None || _lastUses[page] < _lastUses[victim])
            {
                victim = page;
            }
            _ring.Advance();
        }
        _order.Begin(activity.Moment);
        return victim;
    }
}
