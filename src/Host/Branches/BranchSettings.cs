using System.Collections;
using Sim.Host.Experiments;

namespace Sim.Host.Branches;

/// <summary>Which settings a branch may change: those that shape no state, so that a machine can go on under others.</summary>
public static class BranchSettings
{
    /// <summary>Refuses an experiment that a machine of another cannot go on as.</summary>
    /// <exception cref="CommandException">A setting differs that may not (exit code 3).</exception>
    public static void Require(Experiment before, Experiment after, WorkloadRegistry workloads)
    {
        var refused = new List<string>();
        Compare(before, after, "", mayDiffer: false, refused);
        if (refused.Count > 0)
        {
            throw new CommandException(ExitCode.Configuration,
                $"A branch cannot change {string.Join(", ", refused)} in the middle of a run. It can change {string.Join(", ", Paths(workloads))}.");
        }
    }

    /// <summary>Paths of all settings that a branch may change, those of workloads as <c>workload[FRAGMENTATION].ratePercent</c>; of a whole section only its own.</summary>
    public static IEnumerable<string> Paths(WorkloadRegistry workloads) => Paths(typeof(Experiment), "", workloads);

    private static IEnumerable<string> Paths(Type type, string prefix, WorkloadRegistry workloads)
    {
        foreach (Setting setting in SettingsType.Of(type).Settings)
        {
            string path = prefix + setting.Key;
            if (setting.Attribute.MidRun)
            {
                yield return setting.Shape == SettingShape.Record ? path + ".*" : path;
                continue;
            }
            IEnumerable<string> inside = setting.Shape switch
            {
                SettingShape.Record => Paths(setting.Type, path + ".", workloads),
                SettingShape.List when setting.ItemType == typeof(WorkloadOptions) =>
                    workloads.Types.SelectMany(t => Paths(t.OptionsType, $"{path}[{t.Name}].", workloads)),
                SettingShape.List when SettingsType.ShapeOf(setting.ItemType) == SettingShape.Record => Paths(setting.ItemType, path + "[].", workloads),
                _ => [],
            };
            foreach (string one in inside)
            {
                yield return one;
            }
        }
    }

    private static void Compare(object before, object after, string path, bool mayDiffer, List<string> refused)
    {
        if (before.GetType() != after.GetType())
        {
            refused.Add($"{path}.type");
            return;
        }
        foreach (Setting setting in SettingsType.Of(before.GetType()).Settings)
        {
            bool allowed = mayDiffer || setting.Attribute.MidRun;
            string key = path.Length == 0 ? setting.Key : $"{path}.{setting.Key}";
            CompareValues(setting.Property.GetValue(before), setting.Property.GetValue(after), key, setting.Shape, allowed, refused);
        }
    }

    private static void CompareValues(object? before, object? after, string key, SettingShape shape, bool allowed, List<string> refused)
    {
        if (before is null || after is null)
        {
            if (before != after && !allowed)
            {
                refused.Add(key);
            }
        }
        else if (shape is SettingShape.Record or SettingShape.Workload)
        {
            Compare(before, after, key, allowed, refused);
        }
        else if (shape == SettingShape.List)
        {
            object?[] mine = [.. ((IEnumerable)before).Cast<object?>()], theirs = [.. ((IEnumerable)after).Cast<object?>()];
            if (mine.Length != theirs.Length && !allowed)
            {
                refused.Add(key);
            }
            for (int i = 0; i < Math.Min(mine.Length, theirs.Length); i++)
            {
                CompareValues(mine[i], theirs[i], $"{key}[{i}]", mine[i] is null ? SettingShape.Text : SettingsType.ShapeOf(mine[i]!.GetType().IsAssignableTo(typeof(WorkloadOptions)) ? typeof(WorkloadOptions) : mine[i]!.GetType()), allowed, refused);
            }
        }
        else if (!before.Equals(after) && !allowed)
        {
            refused.Add(key);
        }
    }
}
