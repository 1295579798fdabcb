namespace Sim.Kernel.Replacement;

/// <summary>
/// Pages come in through an LRU window of a hundredth of the frames; what leaves the window enters the main part, a segmented LRU, only if it
/// was referenced more often lately than the page that would have to go (Einziger, Friedman and Manes, TinyLFU, ACM TOS 2017).
/// </summary>
internal sealed class WTinyLfuPolicy : IReferenceObserver
{
    private const int Window = 0, Probation = 1, Protected = 2;

    private readonly PageLists _lists = new(3);
    private readonly FrequencySketch _sketch;
    private readonly int _windowFrames;
    private readonly int _protectedFrames;

    /// <summary>Empty lists; four fifths of the main part are protected.</summary>
    public WTinyLfuPolicy(int frames)
    {
        _sketch = new FrequencySketch(frames);
        _windowFrames = Math.Max(1, frames / 100);
        _protectedFrames = (frames - _windowFrames) * 4 / 5;
    }

    /// <inheritdoc/>
    public void Reserve(int pages) => _lists.Reserve(pages);

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _sketch.Add(page);
        _lists.AddFirst(Window, page);
        // While memory fills, what leaves the window needs to displace nothing.
        if (_lists.Count(Window) > _windowFrames)
        {
            _lists.MoveFirst(Probation, _lists.Last(Window));
        }
    }

    /// <inheritdoc/>
    public void Reference(int page)
    {
        _sketch.Add(page);
        int list = _lists.ListOf(page);
        _lists.MoveFirst(list == Window ? Window : Protected, page);
        if (_lists.Count(Protected) > _protectedFrames)
        {
            _lists.MoveFirst(Probation, _lists.Last(Protected));
        }
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        int victim = _lists.Last(_lists.Count(Probation) > 0 ? Probation : _lists.Count(Protected) > 0 ? Protected : Window);
        int candidate = _lists.Last(Window);
        if (_lists.Count(Window) >= _windowFrames && victim != candidate)
        {
            if (_sketch.Estimate(candidate) > _sketch.Estimate(victim))
            {
                _lists.MoveFirst(Probation, candidate);
            }
            else
            {
                victim = candidate;
            }
        }
        _lists.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _lists.Remove(page);
}
