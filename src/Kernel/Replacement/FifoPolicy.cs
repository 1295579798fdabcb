namespace Sim.Kernel.Replacement;

/// <summary>First in, first out (Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 1966).</summary>
internal sealed class FifoPolicy : IReplacementPolicy
{
    private readonly PageLists _queue = new(1);

    /// <inheritdoc/>
    public void Reserve(int pages) => _queue.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _queue.AddLast(0, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _queue.First(0);
        _queue.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _queue.Remove(page);
}
