namespace Sim.Kernel.Replacement;

/// <summary>
/// A hand goes from the oldest page to the newest and takes the first that was not referenced since it came by; pages stay where they
/// are and new ones come in at the other end, out of the hand's way (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024).
/// </summary>
internal sealed class SievePolicy(IPageActivity activity) : IReplacementPolicy
{
    private readonly PageLists _queue = new(1);
    private int _hand = PageLists.None;

    /// <inheritdoc/>
    public void Reserve(int pages) => _queue.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _queue.AddFirst(0, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int page = FromHand();
        while (activity.TestAndClearAccessed(page))
        {
            _hand = _queue.Previous(page);
            page = FromHand();
        }
        _hand = _queue.Previous(page);
        _queue.Remove(page);
        return page;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        if (page == _hand)
        {
            _hand = _queue.Previous(page);
        }
        _queue.Remove(page);
    }

    private int FromHand() => _hand == PageLists.None ? _queue.Last(0) : _hand;
}
