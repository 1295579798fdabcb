using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>Snapshots of a run under way. They are caches: they change nothing of the run, and may be deleted.</summary>
public sealed record SnapshotSettings
{
    [Setting("A snapshot follows every so many events; 0 for none. Null: 2097152, or four times the number of page frames if that is more, because a snapshot's size is in proportion to memory.",
        Min = 0, Max = 1L << 40, OutsideIdentity = true)]
    public long? EveryEvents { get; init; }

    [Setting("A snapshot also follows every so much simulated time. Null: none for time alone.", Min = 1, OutsideIdentity = true)]
    public SimTime? Every { get; init; }
}
