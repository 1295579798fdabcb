namespace Sim.Host.Experiments;

/// <summary>The pending-message queue.</summary>
public enum QueueKind
{
    /// <summary>The queue of this simulator.</summary>
    Calendar,

    /// <summary>SimSharp's; the same log, byte for byte.</summary>
    Simsharp,
}

/// <summary>How the simulation is carried out; changes no result.</summary>
public sealed record EngineSettings
{
    [Setting("The pending-message queue.", OutsideIdentity = true)]
    public QueueKind Queue { get; init; } = QueueKind.Calendar;
}
