namespace Sim.Engine.Snapshots;

/// <summary>
/// A field, or all fields of a class, that snapshots pass over: they follow from the configuration, lead out of the simulated
/// world (a file, the log), or their owner saves them itself (<see cref="ISnapshotState"/>). A restored machine keeps what
/// its constructors put there.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Class)]
public sealed class NotInSnapshotAttribute : Attribute;
