namespace Sim.Kernel.Replacement;

/// <summary>
/// Not recently used: a page of the lowest class goes, by (referenced since the last tick, dirty) = 00, 01, 10, 11 (Tanenbaum, "Modern
/// Operating Systems", 3.4.2). Of a class the textbook takes any; here it is the next one round the circle from the last victim.
/// </summary>
internal sealed class NruPolicy(IPageActivity activity) : IReplacementPolicy
{
    private const byte Dirty = 1, Referenced = 2, Classes = 4;

    private readonly PageRing _ring = new();
    private readonly VictimOrder _order = new();
    private byte[] _classes = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _ring.Reserve(pages);
        Array.Resize(ref _classes, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _classes[page] = 0;
        _ring.Add(page);
        _order.Forget();
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _order.IsKnown(activity.Moment) ? _order.TakeFrom(_ring, _classes) : Turn();
        _ring.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        _ring.Remove(page);
        _order.Forget();
    }

    /// <inheritdoc/>
    public void Tick()
    {
        for (int left = _ring.Count; left > 0; left--)
        {
            _classes[_ring.Hand] = 0;
            _ = activity.TestAndClearAccessed(_ring.Hand);
            _ring.Advance();
        }
        _order.Forget();
    }

    private int Turn()
    {
        int best = PageLists.None;
        int bestClass = Classes;
        for (int left = _ring.Count; left > 0 && bestClass > 0; left--)
        {
            int page = _ring.Hand;
            bool referenced = activity.TestAndClearAccessed(page) || (_classes[page] & Referenced) != 0;
            _classes[page] = (byte)((referenced ? Referenced : 0) | (activity.IsDirty(page) ? Dirty : 0));
            if (_classes[page] < bestClass)
            {
                (best, bestClass) = (page, _classes[page]);
            }
            _ring.Advance();
        }
        if (bestClass > 0)
        {
            _order.Begin(activity.Moment);
        }
        return best;
    }
}
