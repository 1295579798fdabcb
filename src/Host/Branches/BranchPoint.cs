using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Time;
using Sim.Host.Commands;
using Sim.Host.Runs;

namespace Sim.Host.Branches;

/// <summary>Where <c>branch --at</c> is: a bare number is an event; a time with its unit is the last event not later.</summary>
internal static class BranchPoint
{
    /// <summary>The last event that the branch shares, before it is rounded up to its dispatch.</summary>
    /// <exception cref="CommandException">The value is wrong, or the log has no such event (exit code 2).</exception>
    public static long Find(LogReader log, string path, RunManifest manifest, string at)
    {
        if (log.LastSequence < 0)
        {
            throw new CommandException(ExitCode.Usage, $"{path} has logged no event, so nothing can branch from it.");
        }
        if (at.Length > 0 && at.All(c => char.IsAsciiDigit(c) || c is '-' or '+'))
        {
            long sequence = OptionText.Number("--at", at);
            return sequence <= log.LastSequence ? sequence : throw new CommandException(ExitCode.Usage,
                $"--at {at}: the log of {path} has the events 0 to {log.LastSequence}.");
        }
        SimTime time = OptionText.Time("--at", at);
        RunLog.RequireReached(log, path, manifest.SimulatedPs, time);
        if (log.FindTime(time.Ps) is not { } address)
        {
            return log.LastSequence;
        }
        var cursor = new EventCursor(log);
        cursor.Seek(log.Index(address.Segment)[address.Block].FirstSequence);
        while (cursor.MoveNext() && cursor.Header.TimePs <= time.Ps)
        {
        }
        long last = cursor.Header.Sequence - 1;
        return last >= 0 ? last : throw new CommandException(ExitCode.Usage, $"--at {at}: the first event of {path} is later.");
    }
}
