namespace Sim.Host;

/// <summary>Who takes Ctrl-C: as long as nobody does, it ends the command.</summary>
public sealed class Interrupts
{
    private Action? _taker;

    /// <summary>Takes Ctrl-C until the result is disposed of.</summary>
    /// <param name="onInterrupt">Called on a thread of its own.</param>
    public IDisposable Take(Action onInterrupt)
    {
        _taker = onInterrupt;
        return new Taken(this);
    }

    /// <summary>Hands on a Ctrl-C; false when nobody takes it.</summary>
    internal bool TryHandOn()
    {
        Action? taker = _taker;
        try
        {
            taker?.Invoke();
        }
        catch (ObjectDisposedException)
        {
            // What it would have stopped has just ended.
        }
        return taker is not null;
    }

    private sealed class Taken(Interrupts owner) : IDisposable
    {
        public void Dispose() => owner._taker = null;
    }
}
