namespace Sim.Kernel.Replacement;

/// <summary>
/// FIFO whose oldest page, if it was referenced, goes to the end of the queue with its bit cleared instead of out (Tanenbaum, "Modern
/// Operating Systems", 3.4.4). <see cref="ClockPolicy"/> chooses the same pages without moving any.
/// </summary>
internal sealed class SecondChancePolicy(IPageActivity activity) : IReplacementPolicy
{
    private readonly PageLists _queue = new(1);

    /// <inheritdoc/>
    public void Reserve(int pages) => _queue.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _queue.AddLast(0, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int oldest = _queue.First(0);
        while (activity.TestAndClearAccessed(oldest))
        {
            _queue.MoveLast(0, oldest);
            oldest = _queue.First(0);
        }
        _queue.Remove(oldest);
        return oldest;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _queue.Remove(page);
}
