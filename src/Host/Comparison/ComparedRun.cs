using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;

namespace Sim.Host.Comparison;

/// <summary>
/// One of two runs that are compared: its log, as far as it goes, and its settings. Runs of other builds can be compared,
/// so nothing here needs this build to know the configuration or the events.
/// </summary>
internal sealed class ComparedRun : IDisposable
{
    private ComparedRun(RunDirectory directory, LogReader log, IReadOnlyDictionary<string, string> settings)
    {
        (Directory, Log, Settings) = (directory, log, settings);
        Cursor = new EventCursor(log);
    }

    public RunDirectory Directory { get; }

    public string Path => Directory.Path;

    public LogReader Log { get; }

    /// <summary>Goes through the log.</summary>
    public EventCursor Cursor { get; }

    /// <summary>JSON values of the effective configuration by path, such as <c>workload[0].duration</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Opens a run.</summary>
    /// <param name="path">Its directory.</param>
    /// <param name="error">Where to say what takes long; null to be silent.</param>
    /// <exception cref="CommandException">It is no run, or lacks its log or its configuration.</exception>
    public static ComparedRun Open(string path, TextWriter? error)
    {
        RunDirectory directory = RunDirectory.Open(path);
        IReadOnlyDictionary<string, string> settings = SettingPaths.Read(directory.ConfigurationPath);
        try
        {
            return new ComparedRun(directory, RunLog.Open(directory, error), settings);
        }
        catch (CorruptLogException e)
        {
            throw Damaged(path, e);
        }
    }

    /// <summary>Reads of the log, so that damage names the run.</summary>
    /// <exception cref="CommandException">The log is damaged (exit code 4).</exception>
    public T Read<T>(Func<LogReader, T> read)
    {
        try
        {
            return read(Log);
        }
        catch (CorruptLogException e)
        {
            throw Damaged(Path, e);
        }
    }

    /// <summary>Takes the cursor to the next event.</summary>
    /// <inheritdoc cref="Read"/>
    public bool MoveNext()
    {
        try
        {
            return Cursor.MoveNext();
        }
        catch (CorruptLogException e)
        {
            throw Damaged(Path, e);
        }
    }

    public void Dispose() => Log.Dispose();

    private static CommandException Damaged(string path, CorruptLogException e) => Failure.DamagedLog(path, e);
}
