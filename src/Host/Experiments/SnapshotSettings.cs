namespace Sim.Host.Experiments;

/// <summary>Snapshots of a run under way.</summary>
public sealed record SnapshotSettings;
