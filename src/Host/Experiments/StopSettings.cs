using Sim.Engine.Time;

namespace Sim.Host.Experiments;

/// <summary>When a run ends: at the first condition met. Every condition is looked at between dispatches.</summary>
public sealed record StopSettings
{
    [Setting("Simulated time.", Min = 1)]
    public SimTime? Time { get; init; }

    [Setting("Number of logged events; the dispatch under way is finished.", Min = 1)]
    public long? Events { get; init; }

    [Setting("An allocation of this order fails although at least as much memory is free.", Min = 0, Max = 10)]
    public int? WhenOrderFails { get; init; }
}
