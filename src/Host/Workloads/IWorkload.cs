using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>
/// What a phase of an experiment runs: a state machine that messages drive. It is made before the run starts, so that
/// components register in the same order in every run.
/// </summary>
public interface IWorkload
{
    /// <summary>Schedules the first messages of the phase.</summary>
    void Start(long nowPs);

    /// <summary>Goes on with state that was restored from a phase of other options, in the middle of the phase.</summary>
    void Changed(WorkloadOptions before)
    {
    }

    /// <summary>True once the phase is over; the next phase starts then.</summary>
    bool IsFinished { get; }

    /// <summary>Share of the phase that is done, 0 to 1, for progress; NaN when unknown.</summary>
    double Done => double.NaN;

    /// <summary>Counts for <c>stats.json</c>, in camelCase.</summary>
    IEnumerable<(string Name, long Value)> Statistics { get; }
}
