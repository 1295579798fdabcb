using Sim.Host.Branches;
using Sim.Host.Runs;

namespace Sim.Host.Comparison;

/// <summary>From which event on a run has its settings: a branch went through its past under its parent's.</summary>
internal static class SettingsSince
{
    /// <summary>What to say of two runs that differ although their settings are the same.</summary>
    /// <exception cref="CommandException">A parent is missing.</exception>
    public static IEnumerable<string> Note(ComparedRun left, ComparedRun right, IReadOnlyList<SettingDifference> differences)
    {
        if (differences.Count > 0)
        {
            yield break;
        }
        long mine = Of(left.Directory, left.Settings), theirs = Of(right.Directory, right.Settings);
        if (mine != theirs)
        {
            yield return $"the settings are the same, but not all the way: {left.Path} has them {Words(mine)}, {right.Path} {Words(theirs)}";
        }
    }

    private static string Words(long sequence) => sequence == 0 ? "from the start" : $"from event {sequence} on";

    /// <summary>The first event under these settings; 0 for all.</summary>
    private static long Of(RunDirectory directory, IReadOnlyDictionary<string, string> settings)
    {
        if (!File.Exists(directory.ManifestPath) || directory.ReadManifest().Parent is not { } parent)
        {
            return 0;
        }
        RunDirectory from = LogFolder.ParentOf(directory, parent);
        IReadOnlyDictionary<string, string> before = SettingPaths.Read(from.ConfigurationPath);
        bool same = settings.Count == before.Count && settings.All(s => before.TryGetValue(s.Key, out string? value) && value == s.Value);
        // A branch may hang on the run that logged its past, and have a younger one's settings.
        return same ? Math.Min(Of(from, before), parent.Sequence + 1) : parent.Sequence + 1;
    }
}
