using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Sweeps;

/// <summary>How far a point is.</summary>
public enum SweepPointStatus
{
    Missing,
    Begun,
    Complete,
}

/// <summary>A sweep's directory: <c>runs/00000</c> and on, results and charts.</summary>
/// <param name="path">Where it is.</param>
public sealed class SweepDirectory(string path)
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>A point's run directory.</summary>
    public string RunOf(SweepPoint point) => System.IO.Path.Combine(Path, "runs", point.Folder);

    /// <summary>How far a point is.</summary>
    /// <param name="point">The point.</param>
    /// <param name="experiment">Its experiment as the sweep file has it now.</param>
    /// <param name="identity">Of that experiment.</param>
    /// <exception cref="CommandException">The run there is of other settings, another seed or end, or of another build.</exception>
    public SweepPointStatus StatusOf(SweepPoint point, Experiment experiment, ExperimentIdentity identity)
    {
        string run = RunOf(point);
        if (!Directory.Exists(run) || RunDirectory.NeverBegan(run))
        {
            return SweepPointStatus.Missing;
        }
        RunManifest manifest = RunDirectory.Open(run).ReadManifest();
        if (!manifest.IsOf(identity.ConfigHash, experiment) || manifest.EngineVersion != EngineVersion.Current)
        {
            throw new CommandException(ExitCode.Usage,
                $"{run} is a run of other settings than {string.Join(' ', point.Overrides.Select(o => o.Option))}, or of another engine version. Give the sweep another directory with --out, or delete that one.");
        }
        return manifest.Status == RunStatus.Complete ? SweepPointStatus.Complete : SweepPointStatus.Begun;
    }

    /// <summary>The figures of a complete run: simulated time, events, and its counters.</summary>
    /// <exception cref="CommandException">Its <c>stats.json</c> is gone or damaged.</exception>
    public IReadOnlyDictionary<string, long> FiguresOf(SweepPoint point)
    {
        string file = System.IO.Path.Combine(RunOf(point), "stats.json");
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            var figures = new Dictionary<string, long>
            {
                ["simulatedPs"] = json.RootElement.GetProperty("simulatedPs").GetInt64(),
                ["events"] = json.RootElement.GetProperty("events").GetInt64(),
            };
            foreach (JsonProperty counter in json.RootElement.GetProperty("counters").EnumerateObject())
            {
                figures[counter.Name] = counter.Value.GetInt64();
            }
            return figures;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandException(ExitCode.CorruptLog, $"{file}: cannot be read ({e.Message}). Delete {RunOf(point)} and run the sweep again.", e);
        }
    }
}
