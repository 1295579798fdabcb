namespace Sim.Host.Index;

/// <summary>What the events of one block of a log are about. It may say too much, never too little.</summary>
internal readonly ref struct BlockSummary
{
    /// <summary>Bits of the kinds it has: kinds 0 to 63, and 64 to 127; later ones share the bits of the upper 64.</summary>
    public required (ulong Low, ulong High) Kinds { get; init; }

    /// <summary>Sequence of the first event.</summary>
    public required long FirstSequence { get; init; }

    /// <summary>Sequence of the last event.</summary>
    public required long LastSequence { get; init; }

    /// <summary>Least time of its events, in picoseconds.</summary>
    public required long MinTimePs { get; init; }

    /// <summary>Greatest time of its events, in picoseconds.</summary>
    public required long MaxTimePs { get; init; }

    /// <summary>Tasks and users its events name, sorted; empty with <see cref="AnyPid"/> when there are many.</summary>
    public required ReadOnlySpan<int> Pids { get; init; }

    /// <summary>True when any task may be named.</summary>
    public required bool AnyPid { get; init; }

    /// <summary>Frames its events name: first and last frame of each range, ascending.</summary>
    public required ReadOnlySpan<int> Frames { get; init; }

    /// <summary>True when it has events of the kind, or of one that shares its bit.</summary>
    public bool HasKind(int kind) => ((kind < 64 ? Kinds.Low >> kind : Kinds.High >> (kind - 64)) & 1) != 0;

    /// <summary>True when it may name a task of a range.</summary>
    public bool MayNameTask(long first, long last)
    {
        if (AnyPid)
        {
            return true;
        }
        int at = Pids.BinarySearch((int)Math.Clamp(first, int.MinValue, int.MaxValue));
        at = at >= 0 ? at : ~at;
        return at < Pids.Length && Pids[at] >= first && Pids[at] <= last;
    }

    /// <summary>True when it may name a frame of a range.</summary>
    public bool MayNameFrames(long first, long last)
    {
        for (int i = 0; i < Frames.Length; i += 2)
        {
            if (Frames[i] <= last && Frames[i + 1] >= first)
            {
                return true;
            }
        }
        return false;
    }
}
