using System.Text.Json;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>A run's directory: made once, never overwritten.</summary>
public sealed class RunDirectory
{
    private const int MaxManifestBytes = 16 << 20;

    private RunDirectory(string path) => Path = path;

    /// <summary>The directory, as given or chosen.</summary>
    public string Path { get; }

    public string LogPath => System.IO.Path.Combine(Path, "log");

    public string IndexPath => System.IO.Path.Combine(Path, "index");

    public string SnapshotsPath => System.IO.Path.Combine(Path, "snapshots");

    public string TablesPath => System.IO.Path.Combine(Path, "tables");

    public string ConfigurationPath => System.IO.Path.Combine(Path, "config.effective.json");

    public string ManifestPath => System.IO.Path.Combine(Path, "manifest.json");

    /// <summary>A sentence that says how to have the run anew. A branch would need its past as well.</summary>
    public string HowToRunAgain => File.Exists(ConfigurationPath)
        ? $"\"sim run {ConfigurationPath}\" runs the experiment again."
        : "Run the experiment again.";

    /// <summary>Makes the directory of a new run.</summary>
    /// <param name="path">Where; null for <c>runs/EXPERIMENT-SEED-N</c> with the first N that is free.</param>
    /// <exception cref="CommandException">It exists (exit code 2), or cannot be made (exit code 74).</exception>
    public static RunDirectory Create(string? path, string experiment, long seed)
    {
        try
        {
            if (path is not null)
            {
                return TryClaim(path) ?? throw new CommandException(ExitCode.Usage,
                    $"The output directory {path} exists, and runs are never overwritten. Name another with --out, or leave --out out.");
            }
            for (int n = 1; ; n++)
            {
                string name = $"{experiment}-{seed}-{n}";
                if (TryClaim(System.IO.Path.Combine("runs", name)) is { } directory)
                {
                    DurableFile.Link(System.IO.Path.Combine("runs", "latest"), name);
                    return directory;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandException(ExitCode.InputOutput,
                $"The run directory {path ?? "runs"} cannot be made: {FileOnTheWay(path ?? "runs") ?? e.Message.TrimEnd('.')}. Name a writable place with --out.", e);
        }
    }

    private static string? FileOnTheWay(string path)
    {
        for (string? at = System.IO.Path.GetDirectoryName(path.TrimEnd('/')); !string.IsNullOrEmpty(at); at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists(at))
            {
                return $"{at} is a file";
            }
        }
        return null;
    }

    /// <summary>Opens the directory of an existing run.</summary>
    /// <exception cref="CommandException">There is no run (exit code 3), a file where its log should be (exit code 4), or it may not be read (exit code 74).</exception>
    public static RunDirectory Open(string path)
    {
        var directory = new RunDirectory(path);
        if (!Directory.Exists(path))
        {
            throw new CommandException(ExitCode.Configuration,
                $"There is no run directory {path}. \"sim run\" prints the directory it writes; runs/latest is the newest.");
        }
        if (File.Exists(directory.LogPath))
        {
            throw new CommandException(ExitCode.CorruptLog,
                $"{directory.LogPath} is a file where the folder with the log should be: the run has lost its log. Put it back from a copy. {directory.HowToRunAgain}");
        }
        if (!File.Exists(directory.ManifestPath) && !Directory.Exists(directory.LogPath))
        {
            directory.RequireAccess();
            throw new CommandException(ExitCode.Configuration,
                $"{path} is not a run directory: it has neither manifest.json nor log/. Name the directory that \"sim run\" wrote.");
        }
        return directory;
    }

    // Of a directory that may not be entered, everything in it seems not to exist.
    private void RequireAccess()
    {
        Exception? cause = null;
        try
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(Path).Select(e => System.IO.Path.GetFileName(e))];
            if (!names.Contains("manifest.json") && !names.Contains("log"))
            {
                return;
            }
        }
        catch (UnauthorizedAccessException e)
        {
            cause = e;
        }
        throw new CommandException(ExitCode.InputOutput, $"{Path} may not be entered: this user lacks the permission. Change its mode, or run as its owner.", cause);
    }

    /// <summary>A directory in which a run is put together from files; the caller has made it and gives it its name at the end.</summary>
    internal static RunDirectory At(string path) => new(path);

    /// <summary>Writes <c>manifest.json</c> in one step.</summary>
    public void Write(RunManifest manifest) => DurableFile.Write(ManifestPath, manifest.ToJson());

    /// <summary>Writes another finished file in one step.</summary>
    public void WriteFile(string name, string text) => DurableFile.Write(System.IO.Path.Combine(Path, name), text);

    /// <summary>Reads <c>manifest.json</c>.</summary>
    /// <exception cref="CommandException">It is missing or damaged (exit code 4), or of another format (exit code 3).</exception>
    public RunManifest ReadManifest()
    {
        try
        {
            if (new FileInfo(ManifestPath).Length > MaxManifestBytes)
            {
                throw new JsonException($"more than {MaxManifestBytes >> 20} MiB");
            }
            RunManifest manifest = RunManifest.FromJson(File.ReadAllText(ManifestPath));
            return manifest.FormatVersion == RunManifest.CurrentFormat ? manifest : throw new CommandException(ExitCode.Configuration,
                $"{ManifestPath} has formatVersion {manifest.FormatVersion}; this build reads {RunManifest.CurrentFormat}. Use the build that wrote the run.");
        }
        catch (FileNotFoundException e) when (IsUnbegun())
        {
            throw new CommandException(ExitCode.CorruptLog,
                $"{Path} has neither manifest.json nor an event: the process ended before the run began, and nothing is lost. Delete the directory and run the experiment again.", e);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            throw new CommandException(ExitCode.CorruptLog,
                $"{ManifestPath} is {WhatIsWrong(e)}. Restore it from a copy; \"sim repair {Path} --out COPY\" makes another from the log.", e);
        }
    }

    private string WhatIsWrong(Exception e) =>
        e is not JsonException json ? "missing"
        : new FileInfo(ManifestPath).Length == 0 ? "empty"
        : json.LineNumber is { } line ? $"damaged: line {line + 1} is not what a manifest has there"
        : $"damaged: {e.Message}";

    /// <summary>Reads <c>config.effective.json</c>.</summary>
    /// <param name="reader">Reads experiments.</param>
    /// <param name="overrides">What the command line changes of it.</param>
    /// <exception cref="CommandException">It is missing or empty (exit code 4).</exception>
    /// <exception cref="ExperimentException">It is no experiment of this build.</exception>
    public Experiment ReadExperiment(ExperimentFile reader, IEnumerable<ConfigOverride> overrides)
    {
        var file = new FileInfo(ConfigurationPath);
        return file is { Exists: true, Length: > 0 } ? reader.Load(ConfigurationPath, overrides) : throw new CommandException(ExitCode.CorruptLog,
            $"{ConfigurationPath} is {(file.Exists ? "empty" : "missing")}, and nothing else says what was run. Restore it from a copy; \"sim config show\" of the experiment writes the same.");
    }

    /// <summary>
    /// True for a directory whose process ended before the run began: in it is nothing but what is written before the manifest, and
    /// nothing is lost with it.
    /// </summary>
    internal static bool NeverBegan(string path)
    {
        string[] before = ["command.txt", "config.effective.json", "log"];
        var directory = new RunDirectory(path);
        return Directory.EnumerateFileSystemEntries(path).Select(e => System.IO.Path.GetFileName(e)).All(
                name => before.Contains(name.EndsWith(".tmp", StringComparison.Ordinal) ? name[..^4] : name) || name == "manifest.json.tmp")
            && (!Directory.Exists(directory.LogPath) || Directory.GetFileSystemEntries(directory.LogPath).Length == 0);
    }

    // The manifest is written before the log's first segment.
    private bool IsUnbegun() => !File.Exists(ManifestPath) && !Directory.Exists(ManifestPath)
        && Directory.Exists(LogPath) && Directory.GetFileSystemEntries(LogPath).Length == 0;

    /// <summary>Makes the directory if there is none; the file it makes there belongs to one process alone.</summary>
    private static RunDirectory? TryClaim(string path)
    {
        if (Directory.Exists(path) || File.Exists(path))
        {
            return null;
        }
        Directory.CreateDirectory(path);
        try
        {
            using var claim = new FileStream(System.IO.Path.Combine(path, "command.txt"), FileMode.CreateNew, FileAccess.Write);
        }
        catch (IOException) when (File.Exists(System.IO.Path.Combine(path, "command.txt")))
        {
            return null;
        }
        var directory = new RunDirectory(path);
        Directory.CreateDirectory(directory.LogPath);
        return directory;
    }
}
