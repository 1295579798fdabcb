namespace Sim.Kernel.Replacement;

/// <summary>
/// The page whose next reference is farthest away goes (Belady 1966, MIN), found among all pages at each eviction: <see cref="OptPolicy"/> for
/// pages that also leave in other ways.
/// </summary>
internal sealed class NextUsePolicy(IPageFuture future) : IReplacementPolicy
{
    private readonly PageLists _pages = new(1);

    /// <inheritdoc/>
    public void Reserve(int pages) => _pages.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _pages.AddLast(0, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = PageLists.None;
        long farthest = -1;
        for (int page = _pages.First(0); page != PageLists.None && farthest != long.MaxValue; page = _pages.Next(page))
        {
            if (future.NextUse(page) is var next && next > farthest)
            {
                (victim, farthest) = (page, next);
            }
        }
        _pages.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _pages.Remove(page);
}
