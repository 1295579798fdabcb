namespace Sim.Kernel.Replacement;

/// <summary>
/// Adaptive replacement: pages seen once (T1) and more than once (T2) share the frames; names of evicted ones (B1, B2) tell which of the
/// two should have had more, and its target grows (Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003,
/// figure 4).
/// </summary>
internal sealed class ArcPolicy(int frames) : IReferenceObserver
{
    private const int T1 = 0, T2 = 1, B1 = 2, B2 = 3;

    private readonly PageLists _lists = new(4);
    private double _target;
    private int _adaptedFor = PageLists.None;

    /// <inheritdoc/>
    public void Reserve(int pages) => _lists.Reserve(pages);

    /// <inheritdoc/>
    public void Reference(int page) => _lists.MoveFirst(T2, page);

    /// <inheritdoc/>
    public void Insert(int page)
    {
        Adapt(page);
        _adaptedFor = PageLists.None;
        if (_lists.ListOf(page) != PageLists.None)
        {
            _lists.MoveFirst(T2, page);
        }
        else
        {
            _lists.AddFirst(T1, page);
        }
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int ghosts = incoming < 0 ? PageLists.None : _lists.ListOf(incoming);
        if (ghosts != PageLists.None)
        {
            Adapt(incoming);
            _adaptedFor = incoming;
            return Replace(ghosts == B2);
        }
        int recent = _lists.Count(T1) + _lists.Count(B1);
        if (recent >= frames)
        {
            if (_lists.Count(B1) == 0)
            {
                int victim = _lists.Last(T1);
                _lists.Remove(victim);
                return victim;
            }
            _lists.Remove(_lists.Last(B1));
        }
        else if (recent + _lists.Count(T2) + _lists.Count(B2) >= 2 * frames)
        {
            _lists.Remove(_lists.Last(B2));
        }
        return Replace(false);
    }

    /// <inheritdoc/>
    public void Remove(int page) => _lists.Remove(page);

    private void Adapt(int page)
    {
        int list = _lists.ListOf(page);
        if (page == _adaptedFor || list == PageLists.None)
        {
            return;
        }
        double b1 = _lists.Count(B1);
        double b2 = _lists.Count(B2);
        _target = list == B1
            ? Math.Min(frames, _target + Math.Max(b2 / b1, 1))
            : Math.Max(0, _target - Math.Max(b1 / b2, 1));
    }

    private int Replace(bool wasFrequent)
    {
        int recent = _lists.Count(T1);
        bool fromRecent = recent > 0 && (recent > _target || (wasFrequent && recent == (int)_target) || _lists.Count(T2) == 0);
        int victim = _lists.Last(fromRecent ? T1 : T2);
        _lists.MoveFirst(fromRecent ? B1 : B2, victim);
        return victim;
    }
}
