namespace Sim.Kernel.Replacement;

/// <summary>
/// Linux 6.1's multi-generational LRU over one kind of page, mapped ones (mm/vmscan.c: should_run_aging, try_to_inc_max_seq, inc_min_seq,
/// sort_folio, scan_folios). Aging walks the page tables, puts the pages found young into the youngest generation and opens a new one;
/// eviction takes from the oldest and sorts pages that have meanwhile become younger.
/// </summary>
/// <remarks>
/// Tiers count accesses through file descriptors, of which there are none here; looking around a young entry is left to aging, for
/// handles say nothing of addresses.
/// </remarks>
internal sealed class MultiGenLruPolicy(IPageActivity activity) : IReplacementPolicy
{
    /// <summary>MAX_NR_GENS and MIN_NR_GENS.</summary>
    private const int MaxGenerations = 4, MinGenerations = 2;

    /// <summary>MIN_LRU_BATCH: whether to age is asked once for so many pages scanned.</summary>
    private const int BatchPages = 64;

    private readonly PageLists _lists = new(MaxGenerations);
    private readonly int[] _sizes = new int[MaxGenerations];
    private byte[] _generations = [];
    private long _youngest = MinGenerations + 1;
    private long _oldest;
    private int _batchLeft;

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _lists.Reserve(pages);
        Array.Resize(ref _generations, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        int generation = Slot(_youngest);
        _generations[page] = (byte)generation;
        _sizes[generation]++;
        _lists.AddFirst(generation, page);
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        while (true)
        {
            if (_batchLeft-- == 0)
            {
                _batchLeft = BatchPages;
                if (ShouldAge())
                {
                    Age();
                }
            }
            SkipEmptyGenerations();
            if (_oldest + MinGenerations > _youngest)
            {
                Age();
                continue;
            }
            int page = _lists.Last(Slot(_oldest));
            if (_generations[page] != Slot(_oldest))
            {
                _lists.MoveFirst(_generations[page], page);
            }
            else if (activity.TestAndClearAccessed(page))
            {
                MoveTo(Slot(_youngest), page);
                _lists.MoveFirst(Slot(_youngest), page);
            }
            else
            {
                Remove(page);
                return page;
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        _sizes[_generations[page]]--;
        _lists.Remove(page);
    }

    private static int Slot(long sequence) => (int)(sequence % MaxGenerations);

    private void MoveTo(int generation, int page)
    {
        _sizes[_generations[page]]--;
        _sizes[generation]++;
        _generations[page] = (byte)generation;
    }

    private bool ShouldAge()
    {
        if (_oldest + MinGenerations != _youngest)
        {
            return _oldest + MinGenerations > _youngest;
        }
        int total = _sizes[0] + _sizes[1] + _sizes[2] + _sizes[3];
        return _sizes[Slot(_youngest)] * MinGenerations > total || _sizes[Slot(_oldest)] * (MinGenerations + 2) < total;
    }

    private void Age()
    {
        int youngest = Slot(_youngest);
        for (int list = 0; list < MaxGenerations; list++)
        {
            for (int page = _lists.First(list); page != PageLists.None; page = _lists.Next(page))
            {
                if (activity.TestAndClearAccessed(page))
                {
                    MoveTo(youngest, page);
                }
            }
        }
        SkipEmptyGenerations();
        if (_youngest - _oldest + 1 == MaxGenerations)
        {
            MergeOldest();
        }
        _youngest++;
    }

    /// <summary>The oldest generation's pages join the next one, at its old end; those that became younger go to their own.</summary>
    private void MergeOldest()
    {
        int oldest = Slot(_oldest++);
        for (int page = _lists.First(oldest); page != PageLists.None; page = _lists.First(oldest))
        {
            if (_generations[page] == oldest)
            {
                MoveTo(Slot(_oldest), page);
            }
            _lists.MoveLast(_generations[page], page);
        }
    }

    private void SkipEmptyGenerations()
    {
        while (_oldest + MinGenerations <= _youngest && _lists.Count(Slot(_oldest)) == 0)
        {
            _oldest++;
        }
    }
}
