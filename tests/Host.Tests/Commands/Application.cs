using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Workloads;

namespace Sim.Host.Tests.Commands;

/// <summary>The parts that the application is made of.</summary>
internal static class Application
{
    public static ExperimentFile Reader { get; } = new(KnownWorkloads.Registry);

    public static ISimulator Simulator { get; } = new MachineSimulator(KnownWorkloads.Registry);
}
