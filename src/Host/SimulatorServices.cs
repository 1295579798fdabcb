using Microsoft.Extensions.DependencyInjection;
using Sim.Host.Commands;
using Sim.Host.Experiments;

namespace Sim.Host;

/// <summary>What the commands are made of.</summary>
internal static class SimulatorServices
{
    public static void AddSimulator(this IServiceCollection services)
    {
        services.AddSingleton(new WorkloadRegistry());
        services.AddSingleton<ExperimentFile>();
        services.AddSingleton<ICommandModule, EventsCommand>();
        services.AddSingleton<ICommandModule, ImportCommand>();
        services.AddSingleton<ICommandModule, ConfigCommand>();
    }
}
