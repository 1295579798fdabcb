namespace Sim.Kernel.Replacement;

/// <summary>Most recently used goes first: right for a loop longer than memory, wrong for almost everything else.</summary>
internal sealed class MruPolicy : IReferenceObserver
{
    private readonly PageLists _stack = new(1);

    /// <inheritdoc/>
    public void Reserve(int pages) => _stack.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _stack.AddFirst(0, page);

    /// <inheritdoc/>
    public void Reference(int page) => _stack.MoveFirst(0, page);

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _stack.First(0);
        _stack.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _stack.Remove(page);
}
