namespace Sim.Kernel.Replacement;

/// <summary>
/// The least recently used page goes, found among all pages at each eviction: <see cref="LruPolicy"/> for pages whose references nobody
/// reports one by one. A page that has come in for a reference under way counts as used at it.
/// </summary>
internal sealed class LastUsePolicy(IPageFuture future) : IReplacementPolicy
{
    private readonly PageLists _pages = new(1);
    private long[] _cameIn = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _pages.Reserve(pages);
        Array.Resize(ref _cameIn, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _cameIn[page] = future.Position;
        _pages.AddLast(0, page);
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = PageLists.None;
        long oldest = long.MaxValue;
        for (int page = _pages.First(0); page != PageLists.None; page = _pages.Next(page))
        {
            if (Math.Max(_cameIn[page], future.LastUse(page)) is var last && last < oldest)
            {
                (victim, oldest) = (page, last);
            }
        }
        _pages.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _pages.Remove(page);
}
