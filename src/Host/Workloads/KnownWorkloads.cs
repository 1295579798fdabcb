using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>The workloads of this build: adding one is a record of options, a factory and an entry here.</summary>
public static class KnownWorkloads
{
    public static WorkloadRegistry Registry { get; } = new WorkloadRegistry()
        .Add<FragmentationOptions>(
            "fragmentation",
            "Tasks and kernel users that allocate and free blocks of several orders, and a probe for a high order.",
            (options, context) => new FragmentationWorkload(context.Machine, options, context.Seed, context.Name));
}
