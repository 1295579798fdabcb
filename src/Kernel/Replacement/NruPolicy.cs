namespace Sim.Kernel.Replacement;

/// <summary>
/// Not recently used: a page of the lowest class goes, by (referenced since the last tick, dirty) = 00, 01, 10, 11 (Tanenbaum, "Modern
/// Operating Systems", 3.4.2). Of a class the textbook takes any; here it is the next one round the circle from the last victim.
/// </summary>
internal sealed class NruPolicy(IPageActivity activity) : IReplacementPolicy
{
    private const int Classes = 4;

    private readonly PageRing _ring = new();
    private bool[] _referenced = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _ring.Reserve(pages);
        Array.Resize(ref _referenced, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _referenced[page] = false;
        _ring.Add(page);
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int best = PageLists.None;
        int bestClass = Classes;
        for (int left = _ring.Count; left > 0 && bestClass > 0; left--)
        {
            int page = _ring.Hand;
            _referenced[page] |= activity.TestAndClearAccessed(page);
            int pageClass = (_referenced[page] ? 2 : 0) + (activity.IsDirty(page) ? 1 : 0);
            if (pageClass < bestClass)
            {
                (best, bestClass) = (page, pageClass);
            }
            _ring.Advance();
        }
        _ring.Remove(best);
        return best;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _ring.Remove(page);

    /// <inheritdoc/>
    public void Tick()
    {
        for (int left = _ring.Count; left > 0; left--)
        {
            _referenced[_ring.Hand] = false;
            _ = activity.TestAndClearAccessed(_ring.Hand);
            _ring.Advance();
        }
    }
}
