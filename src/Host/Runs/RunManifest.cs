using System.Text.Json;
using System.Text.Json.Serialization;
using Sim.Host.Branches;

namespace Sim.Host.Runs;

/// <summary>How far a run has come.</summary>
public enum RunStatus
{
    Running,
    Complete,
    Interrupted,
    Failed,
}

/// <summary>A snapshot of a run.</summary>
/// <param name="File">Name in <c>snapshots/</c>.</param>
/// <param name="Sequence">Number of events logged before it.</param>
public sealed record SnapshotEntry(string File, long Sequence);

/// <summary><c>manifest.json</c>: what a run directory holds. The names are a contract.</summary>
public sealed record RunManifest
{
    /// <summary>The version of the run directory's layout.</summary>
    public const int CurrentFormat = 1;

    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>Name of the experiment.</summary>
    public required string Experiment { get; init; }

    public RunStatus Status { get; init; }

    public long Seed { get; init; }

    public int EngineVersion { get; init; }

    /// <summary>SHA-256 of the configuration, lowercase hexadecimal.</summary>
    public required string ConfigHash { get; init; }

    /// <summary>Chain hash of the last block, lowercase hexadecimal; null while running.</summary>
    public string? ChainHash { get; init; }

    /// <summary>Hash of the sourced state at the end, 16 hexadecimal digits; null while running.</summary>
    public string? StateHash { get; init; }

    /// <summary>Number of logged events.</summary>
    public long Events { get; init; }

    /// <summary>Sequence of the last event; -1 when there is none.</summary>
    public long LastSequence { get; init; } = -1;

    /// <summary>Simulated time reached, in picoseconds.</summary>
    public long SimulatedPs { get; init; }

    /// <summary>Categories of events that are in the log.</summary>
    public IReadOnlyList<string> LogCategories { get; init; } = [];

    public IReadOnlyList<SnapshotEntry> Snapshots { get; init; } = [];

    /// <summary>When the run was to end, which <see cref="ConfigHash"/> leaves out; null in files of older builds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StopCondition? Stop { get; init; }

    /// <summary>Where a branch comes from; null, and not in the file, for any other run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ParentRun? Parent { get; init; }

    /// <summary>True when the run began with this experiment: the same configuration, seed and end.</summary>
    /// <param name="configHash">The experiment's.</param>
    /// <param name="experiment">The experiment.</param>
    public bool IsOf(string configHash, Experiments.Experiment experiment) =>
        configHash == ConfigHash && experiment.Seed == Seed && (Stop is null || Stop == StopCondition.Of(experiment.Stop));

    /// <summary>The text of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HostJson.Indented) + "\n";

    /// <summary>Reads the text of the file.</summary>
    /// <exception cref="JsonException">It is not a manifest.</exception>
    public static RunManifest FromJson(string json) =>
        JsonSerializer.Deserialize<RunManifest>(json, HostJson.Indented) ?? throw new JsonException("The manifest is null.");
}
