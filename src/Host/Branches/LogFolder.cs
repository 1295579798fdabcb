using Sim.Engine.Log;
using Sim.Host.Runs;

namespace Sim.Host.Branches;

/// <summary>Where a run's log is: in the run's own folder and, of a branch, in those of its ancestors.</summary>
internal static class LogFolder
{
    /// <summary>No longer line of branches of branches is followed; one that leads back to itself has no end.</summary>
    private const int MostAncestors = 256;

    /// <summary>The log of a run, with all of its past.</summary>
    /// <exception cref="CommandException">An ancestor is missing, damaged or no longer the one that was branched.</exception>
    public static ILogStorage Of(RunDirectory directory) => Of(directory, MostAncestors);

    /// <summary>The directory of a branch's parent.</summary>
    /// <exception cref="CommandException">It is not there (exit code 4).</exception>
    public static RunDirectory ParentOf(RunDirectory directory, ParentRun parent)
    {
        string path = System.IO.Path.GetFullPath(parent.Path, System.IO.Path.GetFullPath(directory.Path));
        return Directory.Exists(path) ? RunDirectory.Open(path) : throw new CommandException(ExitCode.CorruptLog,
            $"{directory.Path} is a branch of the run {path}, which is not there. Put it back, or correct \"parent\" in manifest.json.");
    }

    /// <summary>Folders with the snapshots of a run and its ancestors, and up to which event each counts.</summary>
    public static IEnumerable<(ILogStorage Folder, long UpTo)> Snapshots(RunDirectory directory, RunManifest manifest, long upTo = long.MaxValue)
    {
        var own = (new DirectoryStorage(directory.SnapshotsPath), upTo);
        if (manifest.Parent is not { } parent)
        {
            return [own];
        }
        RunDirectory from = ParentOf(directory, parent);
        return [own, .. Snapshots(from, from.ReadManifest(), Math.Min(upTo, parent.SharedEvents))];
    }

    /// <summary>A path from one directory to another, relative where possible.</summary>
    public static string PathTo(RunDirectory directory, RunDirectory parent) => System.IO.Path.GetRelativePath(Real(directory.Path), Real(parent.Path));

    private static ILogStorage Of(RunDirectory directory, int ancestors)
    {
        var own = new DirectoryStorage(directory.LogPath);
        if (ParentIn(directory) is not { SharedEvents: > 0 } parent)
        {
            return own;
        }
        RunDirectory from = ParentOf(directory, parent);
        if (ancestors == 0)
        {
            throw new CommandException(ExitCode.Diverged, $"{directory.Path} has more than {MostAncestors} ancestors, or is one of its own. Correct \"parent\" in manifest.json.");
        }
        BranchStorage joined;
        try
        {
            joined = new BranchStorage(own, Of(from, ancestors - 1), parent.SharedEvents);
        }
        catch (Exception e) when (e is CorruptLogException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.CorruptLog,
                $"{directory.Path} is a branch of the run {from.Path}, whose log is damaged or gone: {e.Message.TrimEnd('.')}. \"sim verify {from.Path}\" lists all damage.", e);
        }
        return joined.Start.ChainHash.ToString() == parent.ChainHash ? joined : throw new CommandException(ExitCode.Diverged,
            $"{directory.Path} is a branch of the run {from.Path}, which is another run by now: its first {parent.SharedEvents} events are not those that the branch shares. Put the old one back.");
    }

    /// <summary>What a manifest says of the parent; events can be read without a manifest if there is none.</summary>
    private static ParentRun? ParentIn(RunDirectory directory)
    {
        bool startsItself = ((string[])[LogFormat.SegmentName(0), LogFormat.HashesName(0)]).Any(n => File.Exists(System.IO.Path.Combine(directory.LogPath, n)));
        return startsItself || !File.Exists(directory.ManifestPath) ? null : directory.ReadManifest().Parent;
    }

    private static string Real(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        return Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }
}
