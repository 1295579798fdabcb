namespace Sim.Kernel.Replacement;

/// <summary>
/// Low inter-reference recency set: pages whose last two references lie close together (LIR) hold 99 % of the frames, the others (HIR)
/// pass through a queue of the rest; a HIR page referenced again while the stack still knows it changes places with the LIR page at the
/// stack's bottom (Jiang and Zhang, "LIRS", SIGMETRICS 2002). The stack knows at most twice as many pages as there are frames.
/// </summary>
internal sealed class LirsPolicy(int frames) : IReferenceObserver
{
    private enum State : byte
    {
        Unknown,
        Lir,
        ResidentHir,
        AbsentHir,
    }

    private readonly PageLists _stack = new(1);
    private readonly PageLists _queue = new(1);
    private readonly PageLists _absent = new(1);
    private readonly int _lirFrames = frames - Math.Max(1, frames / 100);
    private State[] _states = [];
    private int _lirs;

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _stack.Reserve(pages);
        _queue.Reserve(pages);
        _absent.Reserve(pages);
        Array.Resize(ref _states, pages);
    }

    /// <inheritdoc/>
    public void Reference(int page)
    {
        if (_states[page] == State.Lir)
        {
            _stack.MoveFirst(0, page);
            Prune();
        }
        else if (InStack(page) && _lirFrames > 0)
        {
            _queue.Remove(page);
            Promote(page);
        }
        else
        {
            PushOnStack(page);
            _queue.MoveLast(0, page);
        }
        LimitStack();
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        if (_states[page] == State.AbsentHir)
        {
            _absent.Remove(page);
        }
        if (_lirs < _lirFrames || (_lirFrames > 0 && InStack(page)))
        {
            Promote(page);
        }
        else
        {
            _states[page] = State.ResidentHir;
            PushOnStack(page);
            _queue.AddLast(0, page);
        }
        LimitStack();
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        if (_queue.Count(0) == 0)
        {
            Demote();
        }
        int victim = _queue.First(0);
        _queue.Remove(victim);
        if (InStack(victim))
        {
            _states[victim] = State.AbsentHir;
            _absent.AddLast(0, victim);
        }
        else
        {
            _states[victim] = State.Unknown;
        }
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page)
    {
        if (_states[page] == State.Lir)
        {
            _lirs--;
        }
        else
        {
            _queue.Remove(page);
        }
        _states[page] = State.Unknown;
        if (InStack(page))
        {
            _stack.Remove(page);
            Prune();
        }
    }

    private bool InStack(int page) => _stack.ListOf(page) != PageLists.None;

    private void PushOnStack(int page)
    {
        if (InStack(page))
        {
            _stack.MoveFirst(0, page);
        }
        else
        {
            _stack.AddFirst(0, page);
        }
    }

    private void Promote(int page)
    {
        _states[page] = State.Lir;
        PushOnStack(page);
        if (++_lirs > _lirFrames)
        {
            Demote();
        }
        Prune();
    }

    /// <summary>The LIR page at the stack's bottom becomes a HIR page at the queue's end.</summary>
    private void Demote()
    {
        Prune();
        int bottom = _stack.Last(0);
        _stack.Remove(bottom);
        _states[bottom] = State.ResidentHir;
        _queue.AddLast(0, bottom);
        _lirs--;
        Prune();
    }

    /// <summary>HIR pages leave the stack's bottom: nothing is known about them that a comparison with LIR pages could use.</summary>
    private void Prune()
    {
        for (int page = _stack.Last(0); page != PageLists.None && _states[page] != State.Lir && _lirs > 0; page = _stack.Last(0))
        {
            _stack.Remove(page);
            Forget(page);
        }
    }

    private void LimitStack()
    {
        while (_stack.Count(0) > 2 * frames && _absent.Count(0) > 0)
        {
            int page = _absent.First(0);
            _stack.Remove(page);
            Forget(page);
        }
    }

    private void Forget(int page)
    {
        if (_states[page] == State.AbsentHir)
        {
            _absent.Remove(page);
            _states[page] = State.Unknown;
        }
    }
}
