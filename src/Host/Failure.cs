using System.Diagnostics;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;
using Sim.Host.Traces;

namespace Sim.Host;

/// <summary>What an exception means to the user.</summary>
internal static class Failure
{
    /// <summary>The exit code and the one message. Never a stack trace.</summary>
    public static (ExitCode Code, string Message) Describe(Exception exception) => exception switch
    {
        CommandException e => (e.ExitCode, e.Message),
        CorruptLogException e => (ExitCode.CorruptLog, $"The log is damaged: {e.Message.TrimEnd('.')}. \"sim verify RUN\" lists all damage, \"sim repair RUN --out COPY\" keeps what precedes it."),
        DroppedSegmentException e => (ExitCode.Incomplete, e.Message),
        SegmentDivergedException e => (ExitCode.Diverged, e.Message),
        LogCompleteException e => (ExitCode.Usage, e.Message),
        IncompatibleLogException e => (ExitCode.Configuration, e.Message),
        ReplayDivergedException e => (ExitCode.Diverged, $"{e.Message} The log does not give the state that the run had."),
        RunDivergedException e => (ExitCode.Diverged, e.Message),
        TraceFormatException e => (ExitCode.Configuration, e.Message),
        OperationCanceledException => (ExitCode.Interrupted, "Interrupted."),
        IOException or UnauthorizedAccessException => (ExitCode.InputOutput, $"{exception.Message.TrimEnd('.')}. Check the path, its permissions and the free space."),
        OutOfMemoryException => (ExitCode.InputOutput, "Not enough memory on this computer. Simulate a smaller machine, or run on a larger one."),
        _ => (ExitCode.Bug,
            $"A bug in this program: {exception.GetType().Name}: {exception.Message} (in {Origin(exception)}). "
            + "Please report it with the command line and, if there is one, config.effective.json of the run."),
    };

    /// <summary>The log of a run is damaged.</summary>
    public static CommandException DamagedLog(string run, CorruptLogException e) => new(ExitCode.CorruptLog,
        $"{run}: the log is damaged: {e.Message.TrimEnd('.')}. \"sim verify {run}\" lists all damage, \"sim repair {run} --out COPY\" keeps what precedes it.", e);

    private static string Origin(Exception exception) =>
        new StackTrace(exception).GetFrame(0)?.GetMethod() is { } method ? $"{method.DeclaringType?.FullName}.{method.Name}" : "an unknown place";
}
