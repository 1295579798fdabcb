using Sim.Kernel;

namespace Sim.Host.Debugger;

/// <summary>A part of the state whose changes are looked for.</summary>
/// <param name="target">As it was written, such as <c>frame:0x1a00</c>.</param>
internal abstract class Watch(string target)
{
    /// <summary>What is watched.</summary>
    public string Target { get; } = target;

    /// <summary>Event of the first change since <see cref="Begin"/>; -1 for none.</summary>
    public long First { get; protected set; } = -1;

    /// <summary>Event of the last change since <see cref="Begin"/>; -1 for none.</summary>
    public long Last { get; protected set; } = -1;

    /// <summary>Looks at a state for the first time.</summary>
    public abstract void Begin(MachineState state);

    /// <summary>Looks again after an event.</summary>
    public abstract void After(long sequence);

    /// <summary>What the first or the last change was, in words.</summary>
    public abstract string Describe(DebugContext context, bool last);
}

/// <inheritdoc/>
/// <typeparam name="T">What is looked at.</typeparam>
internal abstract class Watch<T>(string target) : Watch(target) where T : struct, IEquatable<T>
{
    private T _seen;
    private (T Before, T After) _first, _last;

    /// <inheritdoc/>
    public sealed override void Begin(MachineState state)
    {
        (First, Last) = (-1, -1);
        Use(state);
        _seen = Look();
    }

    /// <inheritdoc/>
    public sealed override void After(long sequence)
    {
        T now = Look();
        if (now.Equals(_seen))
        {
            return;
        }
        (Last, _last) = (sequence, (_seen, now));
        if (First < 0)
        {
            (First, _first) = (Last, _last);
        }
        _seen = now;
    }

    /// <inheritdoc/>
    public sealed override string Describe(DebugContext context, bool last)
    {
        (T before, T after) = last ? _last : _first;
        return Describe(context, before, after);
    }

    /// <summary>Takes the state to look at.</summary>
    protected abstract void Use(MachineState state);

    /// <summary>How it is now.</summary>
    protected abstract T Look();

    /// <summary>A change in words.</summary>
    protected abstract string Describe(DebugContext context, T before, T after);
}
