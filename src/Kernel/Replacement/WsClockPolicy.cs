namespace Sim.Kernel.Replacement;

/// <summary>
/// The working set found by a clock's hand: a referenced page gets the present as its time of last use; an unreferenced one older than
/// the window goes if it is clean and is written if it is dirty (Carr and Hennessy, "WSClock: a simple and effective algorithm for
/// virtual memory management", 1981). If the hand comes round without a victim, the page used longest ago goes.
/// </summary>
internal sealed class WsClockPolicy(IPageActivity activity, long window) : IReplacementPolicy
{
    private readonly PageRing _ring = new();
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
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
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
                    victim = page;
                    break;
                }
                activity.StartWriting(page);
            }
            if (victim == PageLists.None || _lastUses[page] < _lastUses[victim])
            {
                victim = page;
            }
            _ring.Advance();
        }
        _ring.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _ring.Remove(page);
}
