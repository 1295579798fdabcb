using Microsoft.Extensions.DependencyInjection;
using Sim.Host.Commands;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Sweeps;
using Sim.Host.Workloads;

namespace Sim.Host;

/// <summary>What the commands are made of.</summary>
internal static class SimulatorServices
{
    public static void AddSimulator(this IServiceCollection services)
    {
        services.AddSingleton(KnownWorkloads.Registry);
        services.AddSingleton<ExperimentFile>();
        services.AddSingleton<Interrupts>();
        services.AddSingleton<ISimulator, MachineSimulator>();
        services.AddSingleton<RunCommand>();
        services.AddSingleton<ICommandModule>(s => s.GetRequiredService<RunCommand>());
        services.AddSingleton<ICommandModule, VerifyCommand>();
        services.AddSingleton<ICommandModule, RepairCommand>();
        services.AddSingleton<ICommandModule, ShowCommand>();
        services.AddSingleton<ICommandModule, ReplayCommand>();
        services.AddSingleton<ICommandModule, EventsCommand>();
        services.AddSingleton<ICommandModule, WhyCommand>();
        services.AddSingleton<ICommandModule, DiffCommand>();
        services.AddSingleton<ICommandModule, BranchCommand>();
        services.AddSingleton<ICommandModule, ExportCommand>();
        services.AddSingleton<ICommandModule, ImportCommand>();
        services.AddSingleton<ICommandModule, ParityCommand>();
        services.AddSingleton<ICommandModule, ReplacementCommand>();
        services.AddSingleton<SweepFile>();
        services.AddSingleton<ICommandModule, SweepCommand>();
        services.AddSingleton<ICommandModule, ConfigCommand>();
    }
}
