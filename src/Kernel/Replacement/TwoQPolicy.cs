namespace Sim.Kernel.Replacement;

/// <summary>
/// 2Q: pages seen once pass through a FIFO of a quarter of the frames; those wanted again soon after, while a list of half as many names
/// as there are frames remembers them, enter the LRU list of the rest (Johnson and Shasha, "2Q: a low overhead high performance buffer
/// management replacement algorithm", VLDB 1994, full version).
/// </summary>
internal sealed class TwoQPolicy(int frames) : IReferenceObserver
{
    /// <summary>A1in: resident, seen once. A1out: no longer resident. Am: resident, wanted again.</summary>
    private const int In = 0, Out = 1, Main = 2;

    private readonly PageLists _lists = new(3);
    private readonly int _inFrames = Math.Max(1, frames / 4);
    private readonly int _outNames = Math.Max(1, frames / 2);
    private int _wantedAgain = PageLists.None;

    /// <inheritdoc/>
    public void Reserve(int pages) => _lists.Reserve(pages);

    /// <inheritdoc/>
    public void Reference(int page)
    {
        if (_lists.ListOf(page) == Main)
        {
            _lists.MoveFirst(Main, page);
        }
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        Recall(page);
        _lists.AddFirst(page == _wantedAgain ? Main : In, page);
        _wantedAgain = PageLists.None;
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        if (incoming >= 0)
        {
            Recall(incoming);
        }
        int victim = _lists.Last(_lists.Count(In) > _inFrames || _lists.Count(Main) == 0 ? In : Main);
        bool seenOnce = _lists.ListOf(victim) == In;
        _lists.Remove(victim);
        if (seenOnce)
        {
            _lists.AddFirst(Out, victim);
            if (_lists.Count(Out) > _outNames)
            {
                _lists.Remove(_lists.Last(Out));
            }
        }
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _lists.Remove(page);

    // Taken off before a victim's name pushes it out.
    private void Recall(int page)
    {
        if (_lists.ListOf(page) == Out)
        {
            _lists.Remove(page);
            _wantedAgain = page;
        }
    }
}
