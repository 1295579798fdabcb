namespace Sim.Kernel.Replacement;

/// <summary>Resident pages in a circle with a hand that goes round: where clock algorithms look. A page comes in just behind the hand.</summary>
internal sealed class PageRing
{
    private readonly PageLists _pages = new(1);
    private int _hand = PageLists.None;

    /// <summary>Pages in the circle.</summary>
    public int Count => _pages.Count(0);

    /// <summary>The page under the hand.</summary>
    public int Hand => _hand == PageLists.None ? _pages.First(0) : _hand;

    /// <summary>Makes room for handles below <paramref name="pages"/>.</summary>
    public void Reserve(int pages) => _pages.Reserve(pages);

    /// <summary>Moves the hand on by one page.</summary>
    public void Advance() => _hand = _pages.Next(Hand);

    /// <summary>Puts a page behind the hand, to be reached last.</summary>
    public void Add(int page)
    {
        if (_hand == PageLists.None)
        {
            _pages.AddLast(0, page);
        }
        else
        {
            _pages.AddBefore(page, _hand);
        }
    }

    /// <summary>Takes a page out; the hand moves on if it was there.</summary>
    public void Remove(int page)
    {
        if (page == _hand)
        {
            Advance();
        }
        _pages.Remove(page);
    }
}
