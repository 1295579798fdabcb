namespace Sim.Kernel.Replacement;

/// <summary>
/// Linux 6.1's active and inactive lists over one kind of page, mapped ones (mm/vmscan.c: shrink_inactive_list, folio_check_references,
/// shrink_active_list, inactive_is_low), with the refault distance that tells which faulting page belongs on the active list at once
/// (mm/workingset.c: workingset_eviction, workingset_refault).
/// </summary>
/// <remarks>
/// A page comes in young. The first look on the inactive list gives it another round; found young again, it is activated. Scanning goes in
/// rounds of 32; a page is let go as soon as it is found, where the kernel frees a whole round.
/// </remarks>
internal sealed class LinuxTwoListPolicy(IPageActivity activity) : IReplacementPolicy
{
    private const int Active = 0, Inactive = 1;

    /// <summary>SWAP_CLUSTER_MAX: pages scanned together, and the least that a reclaim is after.</summary>
    private const int ClusterPages = 32;

    private const int PagesPerGbShift = 30 - 12;

    /// <summary>No shadow entry.</summary>
    private const long NoShadow = -1;

    private readonly PageLists _lists = new(2);
    private bool[] _referenced = [];
    private long[] _shadows = [];
    private long _nonresidentAge;
    private long _refaultActivations;
    private long _refaultActivationsBefore;
    private int _scanLeft;
    private int _reclaimLeft;
    private bool _mayDeactivate;

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        int old = _shadows.Length;
        _lists.Reserve(pages);
        Array.Resize(ref _referenced, pages);
        Array.Resize(ref _shadows, pages);
        _shadows.AsSpan(old).Fill(NoShadow);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        long shadow = _shadows[page];
        bool belongs = shadow != NoShadow && _nonresidentAge - shadow <= _lists.Count(Active);
        _shadows[page] = NoShadow;
        _referenced[page] = false;
        _lists.AddFirst(belongs ? Active : Inactive, page);
        if (belongs)
        {
            _nonresidentAge++;
            _refaultActivations++;
        }
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        while (true)
        {
            if (_scanLeft == 0 || _lists.Count(Inactive) == 0)
            {
                StartRound();
            }
            _scanLeft--;
            int page = _lists.Last(Inactive);
            bool referenced = _referenced[page];
            _referenced[page] = activity.TestAndClearAccessed(page);
            if (!_referenced[page])
            {
                _reclaimLeft--;
                _lists.Remove(page);
                _shadows[page] = _nonresidentAge++;
                return page;
            }
            _lists.MoveFirst(referenced ? Active : Inactive, page);
            _nonresidentAge += referenced ? 1 : 0;
        }
    }

    /// <inheritdoc/>
    public void Remove(int page) => _lists.Remove(page);

    private void StartRound()
    {
        _scanLeft = ClusterPages;
        if (_reclaimLeft <= 0)
        {
            _reclaimLeft = ClusterPages;
            _mayDeactivate = _refaultActivations != _refaultActivationsBefore;
            _refaultActivationsBefore = _refaultActivations;
        }
        if (_mayDeactivate || IsInactiveLow())
        {
            for (int left = Math.Min(ClusterPages, _lists.Count(Active)); left > 0; left--)
            {
                int page = _lists.Last(Active);
                _ = activity.TestAndClearAccessed(page);
                _lists.MoveFirst(Inactive, page);
            }
        }
    }

    private bool IsInactiveLow()
    {
        long inactive = _lists.Count(Inactive);
        long active = _lists.Count(Active);
        long gb = (inactive + active) >> PagesPerGbShift;
        long ratio = gb == 0 ? 1 : (long)Math.Sqrt(10 * gb);
        return inactive * ratio < active;
    }
}
