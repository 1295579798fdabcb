namespace Sim.Kernel.Replacement;

/// <summary>
/// The hand goes round, clears the accessed bits that it finds set, and stops at the first that is clear (Corbató, "A paging experiment
/// with the Multics system", 1968). A page's bit is clear when it comes in.
/// </summary>
internal sealed class ClockPolicy(IPageActivity activity) : IReplacementPolicy
{
    private readonly PageRing _ring = new();

    /// <inheritdoc/>
    public void Reserve(int pages) => _ring.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _ring.Add(page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        while (activity.TestAndClearAccessed(_ring.Hand))
        {
            _ring.Advance();
        }
        int victim = _ring.Hand;
        _ring.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _ring.Remove(page);
}
