using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware.Events;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Workloads;
using Sim.Kernel;
using Sim.Kernel.Events;

namespace Sim.Compare;

/// <summary>A booted machine every event of which goes into a log on disk, through the writer that runs have.</summary>
internal sealed class LoggedMachine : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogWriter _log;
    private readonly Journal _journal;

    /// <param name="memory">Memory of the machine.</param>
    /// <param name="kernel">Changes the kernel's options; null for none.</param>
    /// <param name="settings">The kernel as an experiment has it.</param>
    public LoggedMachine(ByteSize memory, Func<KernelOptions, KernelOptions>? kernel = null, KernelSettings? settings = null)
    {
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        _log = LogWriter.Create(
            _folder.Path, new LogOptions(), new LogIdentity(new string('0', 32), EngineVersion.Text, new string('0', 64), 1), catalogue, []);
        var experiment = new Experiment
        {
            Machine = new MachineSettings { Memory = memory },
            Kernel = settings ?? new KernelSettings(),
            Workload = [new SlabOptions()],
        };
        MachineOptions options = MachineModel.OptionsOf(experiment);
        options = kernel is null ? options : options with { Kernel = kernel(options.Kernel) };
        _journal = new Journal(_log, catalogue);
        Machine = new Machine(options, _journal, new TimingWheelEventQueue());
        Machine.Boot();
    }

    /// <summary>The machine.</summary>
    public Machine Machine { get; }

    /// <summary>Ends the log and deletes it.</summary>
    public void Dispose()
    {
        _journal.Complete();
        _log.Complete();
        _log.Dispose();
        _folder.Dispose();
    }
}
