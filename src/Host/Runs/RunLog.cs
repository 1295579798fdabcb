using System.Globalization;
using Sim.Engine.Log;
using Sim.Engine.Time;
using Sim.Host.Branches;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>Opens the log of a run with errors that say what to do.</summary>
internal static class RunLog
{
    /// <summary>Opens it; segments that were dropped are made again when they are read.</summary>
    /// <param name="directory">The run.</param>
    /// <param name="error">Where to say so when that takes long; null to be silent.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="CommandException">There is no log (exit code 4), or it needs another build (exit code 3).</exception>
    /// <exception cref="CorruptLogException">It is damaged.</exception>
    public static LogReader Open(RunDirectory directory, TextWriter? error = null, CancellationToken cancellation = default)
    {
        LogReader log = OpenAsItIs(directory);
        log.Source = new RegeneratedSegments(directory, error, cancellation);
        return log;
    }

    /// <summary>Opens it; segments that were dropped have only their hashes.</summary>
    /// <inheritdoc cref="Open"/>
    public static LogReader OpenAsItIs(RunDirectory directory)
    {
        try
        {
            return LogReader.Open(LogFolder.Of(directory));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NoLog(directory, e);
        }
        catch (IncompatibleLogException e)
        {
            throw new CommandException(ExitCode.Configuration, $"{directory.LogPath}: {e.Message}", e);
        }
    }

    /// <summary>Checks every byte of the log.</summary>
    /// <exception cref="CommandException">There is no log, or it needs another build.</exception>
    public static LogReport Verify(RunDirectory directory)
    {
        try
        {
            return LogVerifier.Verify(LogFolder.Of(directory));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NoLog(directory, e);
        }
        catch (IncompatibleLogException e)
        {
            throw new CommandException(ExitCode.Configuration, $"{directory.LogPath}: {e.Message}", e);
        }
    }

    private static CommandException NoLog(RunDirectory directory, Exception cause) => new(
        ExitCode.CorruptLog, $"{directory.LogPath} has no log segment: the run has lost its log. {directory.HowToRunAgain}", cause);

    /// <summary>Refuses a time that a run did not come to.</summary>
    /// <param name="simulatedPs">How far the manifest says that it came; a run that goes on may have logged more since.</param>
    /// <exception cref="CommandException">The run ended before (exit code 2).</exception>
    public static void RequireReached(LogReader log, string path, long simulatedPs, SimTime time)
    {
        long endPs = Math.Max(simulatedPs, log.RunningMaxTimePs);
        if (time.Ps > endPs)
        {
            throw new CommandException(ExitCode.Usage,
                string.Create(CultureInfo.InvariantCulture,
                    $"{path} has come to {endPs / 1_000_000_000m:0.#########} ms, with event {log.LastSequence}; {ConfigWriter.TimeText(time)} is later."));
        }
    }

    /// <summary>Says on standard error when a log ends before its run did.</summary>
    public static void NoteEnd(LogReader log, TextWriter error)
    {
        if (log.End != LogEnd.Complete)
        {
            string why = log.End == LogEnd.Provisional ? "the run was interrupted" : $"the run is still going on, or broke off{(log.Unread.Length > 0 ? $" ({log.Unread})" : "")}";
            error.WriteLine($"note: the log ends after event {log.LastSequence}: {why}.");
        }
    }
}
