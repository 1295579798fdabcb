using Sim.Engine.Events;

namespace Sim.Engine.Replay;

/// <summary>
/// Looks at the state after each event of a fold; changes nothing. An event such as a refill names none of the frames that
/// it moves: what it did to one of them is seen only this way.
/// </summary>
public interface IFoldWatcher
{
    /// <summary>An event was applied.</summary>
    /// <param name="kind">Its kind's number in the log.</param>
    /// <param name="header">Its sequence, time and cause.</param>
    void After(int kind, in EventHeader header);
}
