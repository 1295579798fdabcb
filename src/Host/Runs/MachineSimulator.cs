using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Events;
using Sim.Host.Experiments;
using Sim.Kernel.Events;

namespace Sim.Host.Runs;

/// <summary>The simulator proper: machines of <see cref="Kernel.Machine"/> with the workloads of a registry.</summary>
public sealed class MachineSimulator : ISimulator
{
    private readonly WorkloadRegistry _workloads;

    public MachineSimulator(WorkloadRegistry workloads)
    {
        _workloads = workloads;
        Catalogue = new EventCatalogue();
        HardwareEvents.AddTo(Catalogue);
        KernelEvents.AddTo(Catalogue);
    }

    /// <inheritdoc/>
    public EventCatalogue Catalogue { get; }

    /// <inheritdoc/>
    public IRunnable Build(Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut) =>
        new MachineRun(experiment, _workloads, new Journal(sink, Catalogue, leftOut), leftOut);

    /// <inheritdoc/>
    public FoldedMachine CreateState(Experiment experiment, IReadOnlyCollection<string> leftOut) =>
        new(new Kernel.MachineState(MachineModel.OptionsOf(experiment)), leftOut);
}
