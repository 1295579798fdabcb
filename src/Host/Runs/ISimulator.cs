using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>Makes what an experiment describes: a machine to run, or its sourced state to fold a log into.</summary>
public interface ISimulator
{
    /// <summary>Every kind of event a run may log.</summary>
    EventCatalogue Catalogue { get; }

    /// <summary>A machine before power-on with its workload.</summary>
    /// <param name="sink">Takes the log.</param>
    /// <param name="leftOut">Categories that are not logged.</param>
    IRunnable Build(Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut);

    /// <summary>Sourced state before the first event, made from the configuration alone.</summary>
    /// <param name="leftOut">Categories that the log does not have.</param>
    FoldedMachine CreateState(Experiment experiment, IReadOnlyCollection<string> leftOut);
}
