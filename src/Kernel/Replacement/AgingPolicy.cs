namespace Sim.Kernel.Replacement;

/// <summary>
/// Each tick shifts every page's 8-bit counter right and puts its accessed bit in front; the least counter goes (Tanenbaum, "Modern
/// Operating Systems", 3.4.7). Of equals the one that has had the value longest goes. Pages of one value share a list.
/// </summary>
internal sealed class AgingPolicy(IPageActivity activity) : IReplacementPolicy
{
    private const int Values = 256, Front = 0x80;

    private readonly PageLists _lists = new(Values);

    /// <inheritdoc/>
    public void Reserve(int pages) => _lists.Reserve(pages);

    // As after a tick in which it was referenced: else the newest page would be the first to go.
    /// <inheritdoc/>
    public void Insert(int page) => _lists.AddLast(Front, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int value = 0;
        while (_lists.Count(value) == 0)
        {
            value++;
        }
        int victim = _lists.First(value);
        _lists.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _lists.Remove(page);

    /// <inheritdoc/>
    public void Tick()
    {
        Span<int> counts = stackalloc int[Values];
        for (int value = 0; value < Values; value++)
        {
            counts[value] = _lists.Count(value);
        }
        // A page moves to the end of a list, behind all that are still to be looked at.
        for (int value = 0; value < Values; value++)
        {
            for (int left = counts[value]; left > 0; left--)
            {
                int page = _lists.First(value);
                _lists.MoveLast((value >> 1) | (activity.TestAndClearAccessed(page) ? Front : 0), page);
            }
        }
    }
}
