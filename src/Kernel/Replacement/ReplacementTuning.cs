namespace Sim.Kernel.Replacement;

/// <summary>The times that some policies need; the others do not look at them.</summary>
/// <param name="TickEvery">References between two ticks of the timer, at which NRU clears and aging samples the accessed bits.</param>
/// <param name="Window">The working set's window (τ), in references.</param>
public sealed record ReplacementTuning(long TickEvery, long Window)
{
    /// <summary>
    /// One tick for as many references as there are frames: long enough for a resident page to be referenced, short enough for eight ticks
    /// of history to be recent. The window is two ticks: with one, WSClock comes down to clock, with four to LRU.
    /// </summary>
    public static ReplacementTuning For(int frames) => new(frames, 2L * frames);
}
