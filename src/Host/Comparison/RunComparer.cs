using Sim.Engine.Log;

namespace Sim.Host.Comparison;

/// <summary>Compares two runs: their logs to the first event that differs, and their settings.</summary>
public static class RunComparer
{
    /// <summary>Compares.</summary>
    /// <param name="leftPath">A run directory.</param>
    /// <param name="rightPath">Another.</param>
    /// <param name="context">How many of the last common events to show.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <param name="error">Where to say what takes long; null to be silent.</param>
    /// <exception cref="CommandException">One of them is no run, or its log is damaged.</exception>
    public static RunDifference Compare(string leftPath, string rightPath, int context, CancellationToken cancellation, TextWriter? error = null)
    {
        using ComparedRun left = ComparedRun.Open(leftPath, error), right = ComparedRun.Open(rightPath, error);
        bool equalChains = left.Log.Events == right.Log.Events && left.Log.ChainHash == right.Log.ChainHash;
        SharedKinds? shared = equalChains || SharedKinds.AreAll(left.Log.Header, right.Log.Header) ? null : new SharedKinds(left.Log.Header, right.Log.Header);
        var difference = new RunDifference
        {
            LeftPath = leftPath,
            RightPath = rightPath,
            CommonEvents = left.Log.Events,
            OverSharedKinds = shared is not null,
            Configuration = SettingsOf(left, right),
            Notes = [.. NotesOn(left, right, shared is not null)],
        };
        if (equalChains)
        {
            return difference;
        }
        difference = difference with { Notes = [.. difference.Notes, .. SettingsSince.Note(left, right, difference.Configuration)] };
        long from = shared is null ? left.Read(l => right.Read(r => ChainBisection.FirstUnequal(l, r))) : 0;
        var events = new EventComparison(left, right, shared, context);
        events.Run(from, cancellation);
        return difference with
        {
            CommonEvents = events.Common,
            Left = events.HasLeft ? left.Read(l => ShownEvent.ReadChain(l, left.Cursor.Header.Sequence)) : [],
            Right = events.HasRight ? right.Read(r => ShownEvent.ReadChain(r, right.Cursor.Header.Sequence)) : [],
            Common = left.Read(l => ShownEvent.Read(l, events.LastCommon)),
        };
    }

    private static List<SettingDifference> SettingsOf(ComparedRun left, ComparedRun right)
    {
        var differences = new List<SettingDifference>();
        foreach (string path in left.Settings.Keys.Concat(right.Settings.Keys.Where(k => !left.Settings.ContainsKey(k))))
        {
            string? mine = left.Settings.GetValueOrDefault(path), theirs = right.Settings.GetValueOrDefault(path);
            if (mine != theirs)
            {
                differences.Add(new SettingDifference(path, mine, theirs));
            }
        }
        LogIdentity a = left.Log.Header.Identity, b = right.Log.Header.Identity;
        if (a.EngineVersion != b.EngineVersion)
        {
            differences.Add(new SettingDifference("engineVersion", $"\"{a.EngineVersion}\"", $"\"{b.EngineVersion}\""));
        }
        return differences;
    }

    private static IEnumerable<string> NotesOn(ComparedRun left, ComparedRun right, bool overSharedKinds)
    {
        if (overSharedKinds)
        {
            string[] a = [.. left.Log.Header.Categories.Except(right.Log.Header.Categories)];
            string[] b = [.. right.Log.Header.Categories.Except(left.Log.Header.Categories)];
            string why = (a.Length, b.Length) is (0, 0) ? "the logs' catalogues of events differ"
                : string.Join(" and ", new[] { Only(left.Path, a), Only(right.Path, b) }.Where(s => s.Length > 0));
            yield return $"{why}: compared event by event over the kinds and fields that both logs have";
        }
        if (left.Log.Header.Identity is var x && right.Log.Header.Identity is var y && x.ConfigHash != y.ConfigHash && SettingsOf(left, right).Count == 0)
        {
            yield return $"the settings are the same, but an input file has another content (configHash {x.ConfigHash} and {y.ConfigHash})";
        }
        foreach (ComparedRun run in (ComparedRun[])[left, right])
        {
            if (run.Log.End != LogEnd.Complete)
            {
                string why = run.Log.End == LogEnd.Provisional ? "the run was interrupted" : "the log was never sealed";
                yield return $"{run.Path} is compared as far as its log goes, to event {run.Log.LastSequence}: {why}";
            }
        }
    }

    private static string Only(string path, string[] categories) =>
        categories.Length == 0 ? "" : $"only {path} logs the {(categories.Length == 1 ? "category" : "categories")} {string.Join(", ", categories)}";
}
