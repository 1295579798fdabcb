using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Branches;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>What a repair came to.</summary>
/// <param name="Copy">The new run directory.</param>
/// <param name="Events">Events that it holds.</param>
/// <param name="ChainHash">The chain's link after them.</param>
/// <param name="Snapshots">Snapshots that it holds.</param>
/// <param name="Lost">The first structure of the log that was not copied; null when nothing was lost.</param>
public sealed record RepairResult(string Copy, long Events, ChainHash ChainHash, int Snapshots, LogDamage? Lost);

/// <summary>
/// Copies what is sound of a damaged run into a new run directory. The damaged one is only read, under the writer's lock;
/// the copy gets its name when all of it is on the disk. The copy of a branch is a branch of the same parent.
/// </summary>
internal sealed class RunRepair(ExperimentFile experiments)
{
    // EROFS: nothing can be locked there, and nothing can write there either.
    private const int ReadOnlyFileSystem = 30;

    /// <exception cref="CommandException">The copy exists (exit code 2), or nothing of the log is sound (exit code 4).</exception>
    /// <exception cref="IOException">A file cannot be read or written, or a run is at work in the directory.</exception>
    public RepairResult Run(string path, string copy)
    {
        RunDirectory damaged = RunDirectory.Open(path);
        if (Directory.Exists(copy) || File.Exists(copy))
        {
            throw new CommandException(ExitCode.Usage, $"The copy {copy} exists, and runs are never overwritten. Name another with --out.");
        }
        copy = Path.TrimEndingDirectorySeparator(copy);
        string temporary = $"{copy}.partial-{Environment.ProcessId}";
        using IDisposable? @lock = TryLock(damaged);
        try
        {
            Directory.CreateDirectory(temporary);
            RepairResult result = Fill(damaged, RunDirectory.At(temporary), copy);
            Directory.Move(temporary, copy);
            DurableFile.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(copy))!);
            return result;
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    private RepairResult Fill(RunDirectory damaged, RunDirectory target, string copy)
    {
        var log = new DirectoryStorage(target.LogPath);
        log.CreateDirectory();
        RecoveryPlan plan = RepairLog(damaged, log);
        foreach (string name in (string[])["config.effective.json", "command.txt"])
        {
            if (File.Exists(Path.Combine(damaged.Path, name)))
            {
                target.WriteFile(name, File.ReadAllText(Path.Combine(damaged.Path, name)));
            }
        }
        List<SnapshotEntry> snapshots = CopySnapshots(damaged, target, plan.Events);
        target.Write(Manifest(damaged, target, plan) with { Snapshots = snapshots });
        DurableFile.FlushDirectory(target.Path);
        return new RepairResult(copy, plan.Events, plan.ChainHash, snapshots.Count, plan.Lost);
    }

    private static RecoveryPlan RepairLog(RunDirectory damaged, DirectoryStorage target)
    {
        RecoveryPlan plan;
        try
        {
            plan = LogRecovery.RepairInto(LogFolder.Of(damaged), target);
        }
        catch (CorruptLogException e)
        {
            throw Nothing(damaged, e.Message, e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Nothing(damaged, "there is no log segment", e);
        }
        catch (IncompatibleLogException e)
        {
            throw new CommandException(ExitCode.Configuration, $"{damaged.LogPath}: {e.Message}", e);
        }
        return target.List().Count > 0 && (plan.Events > 0 || plan.Lost is null) ? plan : throw Nothing(damaged, plan.What, null);
    }

    private RunManifest Manifest(RunDirectory damaged, RunDirectory target, RecoveryPlan plan)
    {
        RunManifest recorded = Recorded(damaged, plan.Header);
        bool isWhole = plan.Lost is null && recorded.Events == plan.Events && recorded.ChainHash == plan.ChainHash.ToString();
        return recorded with
        {
            Status = isWhole ? recorded.Status : RunStatus.Interrupted,
            ChainHash = plan.ChainHash.ToString(),
            StateHash = isWhole ? recorded.StateHash : null,
            Events = plan.Events,
            LastSequence = plan.Events - 1,
            SimulatedPs = isWhole ? recorded.SimulatedPs : plan.RunningMaxTimePs,
            Parent = recorded.Parent is { } parent
                ? parent with { Path = LogFolder.PathTo(target, LogFolder.ParentOf(damaged, parent)) }
                : null,
        };
    }

    // The log's own header says most of what a lost manifest did.
    private RunManifest Recorded(RunDirectory damaged, SegmentHeader header)
    {
        try
        {
            return damaged.ReadManifest();
        }
        catch (CommandException e) when (e.ExitCode == ExitCode.CorruptLog)
        {
            Experiment experiment = damaged.ReadExperiment(experiments, []);
            return new RunManifest
            {
                Experiment = experiment.Name,
                Seed = (long)header.Identity.Seed,
                EngineVersion = EngineVersion.Current,
                ConfigHash = header.Identity.ConfigHash,
                LogCategories = header.Categories,
                Stop = StopCondition.Of(experiment.Stop),
            };
        }
    }

    // A snapshot takes pages from earlier ones only. One that is damaged is found to be so when it is used.
    private static List<SnapshotEntry> CopySnapshots(RunDirectory damaged, RunDirectory target, long events)
    {
        var copied = new List<SnapshotEntry>();
        string from = Path.Combine(damaged.Path, "snapshots"), to = Path.Combine(target.Path, "snapshots");
        if (!Directory.Exists(from))
        {
            return copied;
        }
        var storage = new DirectoryStorage(to);
        storage.CreateDirectory();
        foreach (string name in new DirectoryStorage(from).List())
        {
            if (!SnapshotFile.TryParseName(name, out long sequence) || sequence > events)
            {
                continue;
            }
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
            using (FileStream file = File.OpenWrite(Path.Combine(to, name)))
            {
                file.Flush(flushToDisk: true);
            }
            copied.Add(new SnapshotEntry(name, sequence));
        }
        storage.SyncDirectory();
        return copied;
    }

    private static IDisposable? TryLock(RunDirectory damaged)
    {
        try
        {
            return Directory.Exists(damaged.LogPath) ? new DirectoryStorage(damaged.LogPath).Lock() : null;
        }
        catch (IOException e) when (e.InnerException is UnauthorizedAccessException or IOException { HResult: ReadOnlyFileSystem })
        {
            return null;
        }
    }

    private static CommandException Nothing(RunDirectory damaged, string what, Exception? cause) => new(ExitCode.CorruptLog,
        $"{damaged.LogPath}: not one event {(IsBranch(damaged) ? "of the branch's own" : "of the log")} is sound: {what.TrimEnd('.')}. {(IsBranch(damaged) ? "Make the branch again." : damaged.HowToRunAgain)}", cause);

    private static bool IsBranch(RunDirectory damaged) => LogFolder.Of(damaged) is BranchStorage;

    private static void Discard(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error under way is the one to report.
        }
    }
}
