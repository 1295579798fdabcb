namespace Sim.Kernel.Replacement;

/// <summary>
/// Doubly linked lists of page handles, threaded through one array: a page is on one list or on none, and every operation takes
/// constant time. The lists' heads precede the pages, so that the array grows at its end.
/// </summary>
internal sealed class PageLists
{
    /// <summary>Neither a page nor a list.</summary>
    public const int None = -1;

    private readonly int _lists;
    private readonly int[] _counts;
    private Link[] _links;

    /// <summary>Empty lists.</summary>
    /// <param name="lists">How many.</param>
    public PageLists(int lists)
    {
        _lists = lists;
        _counts = new int[lists];
        _links = new Link[lists];
        for (int i = 0; i < lists; i++)
        {
            _links[i] = new Link { Next = i, Previous = i, List = i };
        }
    }

    /// <summary>Makes room for handles below <paramref name="pages"/>.</summary>
    public void Reserve(int pages)
    {
        int old = _links.Length;
        if (pages + _lists > old)
        {
            Array.Resize(ref _links, pages + _lists);
            _links.AsSpan(old).Fill(new Link { List = None });
        }
    }

    /// <summary>Pages on a list.</summary>
    public int Count(int list) => _counts[list];

    /// <summary>The list a page is on, or <see cref="None"/>.</summary>
    public int ListOf(int page) => _links[page + _lists].List;

    /// <summary>The first page of a list, or <see cref="None"/>.</summary>
    public int First(int list) => Page(_links[list].Next);

    /// <summary>The last page of a list, or <see cref="None"/>.</summary>
    public int Last(int list) => Page(_links[list].Previous);

    /// <summary>The page behind a page, or <see cref="None"/>.</summary>
    public int Next(int page) => Page(_links[page + _lists].Next);

    /// <summary>The page before a page, or <see cref="None"/>.</summary>
    public int Previous(int page) => Page(_links[page + _lists].Previous);

    /// <summary>Puts a page that is on no list at a list's front.</summary>
    public void AddFirst(int list, int page) => Insert(list, page + _lists, list, _links[list].Next);

    /// <summary>Puts a page that is on no list at a list's end.</summary>
    public void AddLast(int list, int page) => Insert(list, page + _lists, _links[list].Previous, list);

    /// <summary>Puts a page that is on no list before another, on the other's list.</summary>
    public void AddBefore(int page, int other)
    {
        int node = other + _lists;
        Insert(_links[node].List, page + _lists, _links[node].Previous, node);
    }

    /// <summary>Takes a page off its list.</summary>
    public void Remove(int page)
    {
        ref Link link = ref _links[page + _lists];
        _counts[link.List]--;
        _links[link.Previous].Next = link.Next;
        _links[link.Next].Previous = link.Previous;
        link.List = None;
    }

    /// <summary>Moves a page to the front of a list, from whichever it is on.</summary>
    public void MoveFirst(int list, int page)
    {
        int node = page + _lists;
        if (_links[list].Next != node)
        {
            Remove(page);
            AddFirst(list, page);
        }
    }

    /// <summary>Moves a page to the end of a list, from whichever it is on.</summary>
    public void MoveLast(int list, int page)
    {
        int node = page + _lists;
        if (_links[list].Previous != node)
        {
            Remove(page);
            AddLast(list, page);
        }
    }

    private int Page(int node) => node < _lists ? None : node - _lists;

    private void Insert(int list, int node, int previous, int next)
    {
        _links[node] = new Link { Next = next, Previous = previous, List = list };
        _links[previous].Next = node;
        _links[next].Previous = node;
        _counts[list]++;
    }

    private struct Link
    {
        public int Next;
        public int Previous;
        public int List;
    }
}
