namespace Sim.Kernel.Replacement;

/// <summary>
/// Least frequently used goes first; of equals, the one that reached its count first. A page's count starts anew when it comes in.
/// Pages of one count share a list, and the lists are chained by count, so that every operation takes constant time (Shah, Mitra and
/// Matani, "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010).
/// </summary>
internal sealed class LfuPolicy : IReferenceObserver
{
    private const int None = PageLists.None;

    private readonly PageLists _lists;
    private readonly long[] _counts;
    private readonly int[] _above;
    private readonly int[] _below;
    private int _free;
    private int _lowest = None;

    /// <summary>No page.</summary>
    /// <param name="frames">Frames: there are never more different counts than pages, and one more while a page moves.</param>
    public LfuPolicy(int frames)
    {
        _lists = new PageLists(frames + 1);
        _counts = new long[frames + 1];
        _above = new int[frames + 1];
        _below = new int[frames + 1];
        for (int i = 0; i <= frames; i++)
        {
            _above[i] = i < frames ? i + 1 : None;
        }
    }

    /// <inheritdoc/>
    public void Reserve(int pages) => _lists.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page) => _lists.AddLast(ListFor(1, None), page);

    /// <inheritdoc/>
    public void Reference(int page)
    {
        int list = _lists.ListOf(page);
        int next = ListFor(_counts[list] + 1, list);
        _lists.Remove(page);
        _lists.AddLast(next, page);
        ReleaseIfEmpty(list);
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _lists.First(_lowest);
        Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        int list = _lists.ListOf(page);
        _lists.Remove(page);
        ReleaseIfEmpty(list);
    }

    /// <summary>The list of a count, made if need be above the list of the next lower one.</summary>
    private int ListFor(long count, int below)
    {
        int above = below == None ? _lowest : _above[below];
        if (above != None && _counts[above] == count)
        {
            return above;
        }
        int list = _free;
        _free = _above[list];
        _counts[list] = count;
        Chain(below, list);
        Chain(list, above);
        return list;
    }

    private void ReleaseIfEmpty(int list)
    {
        if (_lists.Count(list) == 0)
        {
            Chain(_below[list], _above[list]);
            _above[list] = _free;
            _free = list;
        }
    }

    private void Chain(int below, int above)
    {
        if (below == None)
        {
            _lowest = above;
        }
        else
        {
            _above[below] = above;
        }
        if (above != None)
        {
            _below[above] = below;
        }
    }
}
