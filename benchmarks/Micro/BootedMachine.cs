using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Events;
using Sim.Host.Experiments;
using Sim.Host.Workloads;
using Sim.Kernel;
using Sim.Kernel.Events;

namespace Sim.Benchmarks;

/// <summary>Machines at the end of their boot, of an experiment with nothing set but the memory.</summary>
internal static class BootedMachine
{
    /// <summary>All kinds of event.</summary>
    public static EventCatalogue Catalogue()
    {
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        return catalogue;
    }

    /// <summary>A machine whose log is forgotten.</summary>
    public static Machine Create()
    {
        var experiment = new Experiment { Machine = new MachineSettings { Memory = new ByteSize(256 << 20) }, Workload = [new SlabOptions()] };
        var machine = new Machine(MachineModel.OptionsOf(experiment), new Journal(new DiscardingSink(), Catalogue()), new TimingWheelEventQueue());
        machine.Boot();
        return machine;
    }
}
