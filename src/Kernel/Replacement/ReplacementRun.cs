namespace Sim.Kernel.Replacement;

/// <summary>
/// A fixed number of frames, pages that come in on demand, and a policy: pure demand paging, nothing read ahead, as in the literature.
/// Time is the number of references.
/// </summary>
public sealed class ReplacementRun : IPageActivity
{
    private const byte Resident = 1, Accessed = 2, Dirty = 4;

    private readonly IReplacementPolicy _policy;
    private readonly IReferenceObserver? _observer;
    private readonly byte _onFault;
    private readonly int _frames;
    private readonly long _tickEvery;
    private byte[] _pages = [];
    private long _nextTick;
    private int _used;

    /// <summary>Empty frames.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="frames">How many frames, at least 1.</param>
    /// <param name="tuning">Times; null for <see cref="ReplacementTuning.For"/>.</param>
    /// <param name="future">The references to come, for a policy that asks for them.</param>
    public ReplacementRun(PolicyDescription policy, int frames, ReplacementTuning? tuning = null, FutureReferences? future = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        tuning ??= ReplacementTuning.For(frames);
        _frames = frames;
        _tickEvery = _nextTick = tuning.TickEvery;
        _onFault = (byte)(policy.FaultSetsAccessed ? Resident | Accessed : Resident);
        _policy = policy.Create(new ReplacementSettings(frames, this, tuning.Window, future));
        _observer = _policy as IReferenceObserver;
    }

    /// <summary>References made so far: virtual time.</summary>
    public long Now { get; private set; }

    /// <summary>Each reference, with the one eviction that it may lead to, is a moment of its own.</summary>
    public long Moment => Now;

    /// <summary>References that faulted, the first one to each page included.</summary>
    public long Misses { get; private set; }

    /// <summary>References to resident pages.</summary>
    public long Hits => Now - Misses;

    /// <summary>Pages resident now.</summary>
    public int Used => _used;

    /// <summary>Whether a page is resident.</summary>
    public bool IsResident(int page) => page < _pages.Length && _pages[page] != 0;

    /// <summary>References a page.</summary>
    /// <param name="page">Its handle, 0 or more; handles should be dense, for arrays are as long as the greatest.</param>
    /// <returns>Whether it was resident.</returns>
    public bool Reference(int page)
    {
        if (page >= _pages.Length)
        {
            Grow(page);
        }
        Now++;
        bool hit = _pages[page] != 0;
        if (!hit)
        {
            Fault(page);
        }
        else if (_observer is not null)
        {
            _observer.Reference(page);
        }
        else
        {
            _pages[page] |= Accessed;
        }
        if (Now == _nextTick)
        {
            _nextTick += _tickEvery;
            _policy.Tick();
        }
        return hit;
    }

    /// <inheritdoc/>
    public bool TestAndClearAccessed(int page)
    {
        byte bits = _pages[page];
        _pages[page] = (byte)(bits & ~Accessed);
        return (bits & Accessed) != 0;
    }

    /// <summary>A trace of references says nothing of writes: no page is dirty unless <see cref="Write"/> was called.</summary>
    public bool IsDirty(int page) => (_pages[page] & Dirty) != 0;

    /// <summary>Marks a resident page as written to.</summary>
    public void Write(int page) => _pages[page] |= (byte)(_pages[page] != 0 ? Dirty : 0);

    /// <summary>Writing takes no time here.</summary>
    public void StartWriting(int page) => _pages[page] &= unchecked((byte)~Dirty);

    /// <summary>A resident page goes for good.</summary>
    public void Discard(int page)
    {
        if (IsResident(page))
        {
            _policy.Remove(page);
            _pages[page] = 0;
            _used--;
        }
    }

    private void Fault(int page)
    {
        Misses++;
        if (_used == _frames)
        {
            int victim = _policy.Evict(page);
            if (_pages[victim] == 0)
            {
                throw new InvalidOperationException($"{_policy.GetType().Name} chose page {victim}, which is not resident.");
            }
            _pages[victim] = 0;
        }
        else
        {
            _used++;
        }
        _pages[page] = _onFault;
        _policy.Insert(page);
    }

    private void Grow(int page)
    {
        int pages = Math.Max(page + 1, Math.Max(1024, 2 * _pages.Length));
        Array.Resize(ref _pages, pages);
        _policy.Reserve(pages);
    }
}
