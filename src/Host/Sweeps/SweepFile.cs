using Sim.Host.Experiments;

namespace Sim.Host.Sweeps;

/// <summary>Reads sweep files.</summary>
/// <param name="workloads">What the experiment may name.</param>
public sealed class SweepFile(WorkloadRegistry workloads)
{
    /// <summary>Most runs of a sweep.</summary>
    public const int MaxPoints = 100_000;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ExperimentException">It is wrong; the message says where.</exception>
    public SweepSettings Load(string path)
    {
        ConfigText text = ConfigText.Load(path, "sweep", "traces/sweeps/cc1-memory.json");
        ConfigNode root = ConfigParser.Parse(text);
        var binder = new ConfigBinder(text, workloads);
        if (root.Kind != ConfigKind.Object)
        {
            throw binder.Problem(root, "", $"a sweep is a JSON object, this is {root.Describe()}.");
        }
        root.Members.RemoveAll(m => m is { Key: "$schema", Value.Kind: ConfigKind.String });
        var sweep = (SweepSettings)binder.BindRecord(root, typeof(SweepSettings), "");
        if (sweep.Axes.Aggregate(1L, (n, a) => Math.Min(n * a.Values.Count, MaxPoints + 1)) > MaxPoints)
        {
            throw binder.Problem(root, "axes", $"these are more than {MaxPoints} runs.");
        }
        return sweep with { Name = sweep.Name ?? Path.GetFileNameWithoutExtension(path) };
    }
}
