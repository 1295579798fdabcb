using Sim.Host.Workloads;
using Sim.Kernel;

namespace Sim.Host.Experiments;

/// <summary>Options of a workload phase; one record beside each workload. The key <c>type</c> of the phase selects the record.</summary>
public abstract record WorkloadOptions
{
    /// <summary>Refuses input files that no run can use. Called before anything of the run is written.</summary>
    /// <exception cref="ExperimentException">One is missing, cannot be read or is damaged.</exception>
    public virtual void CheckInputs()
    {
    }
}

/// <summary>A kind of workload an experiment may name.</summary>
/// <param name="Name">Value of <c>type</c>.</param>
/// <param name="OptionsType">The record of its options; derives from <see cref="WorkloadOptions"/>.</param>
/// <param name="Description">For the JSON Schema.</param>
/// <param name="Create">Makes the workload of a phase on a machine.</param>
public sealed record WorkloadType(
    string Name, Type OptionsType, string Description, Func<WorkloadOptions, WorkloadContext, IWorkload> Create);

/// <summary>What a phase's workload is made from.</summary>
/// <param name="Machine">The machine it runs on.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Name">The phase's name, distinct within the run; random streams are named after it.</param>
public sealed record WorkloadContext(Machine Machine, ulong Seed, string Name);

/// <summary>The kinds of workload a build knows.</summary>
public sealed class WorkloadRegistry
{
    private readonly List<WorkloadType> _types = [];

    public IReadOnlyList<WorkloadType> Types => _types;

    /// <summary>Adds a kind of workload: its options and its factory.</summary>
    public WorkloadRegistry Add<TOptions>(string name, string description, Func<TOptions, WorkloadContext, IWorkload> create)
        where TOptions : WorkloadOptions, new()
    {
        _types.Add(new WorkloadType(name, typeof(TOptions), description, (options, context) => create((TOptions)options, context)));
        return this;
    }

    /// <summary>The kind with a name, or null.</summary>
    public WorkloadType? Find(string name) => _types.Find(t => t.Name == name);

    /// <summary>The kind whose options these are.</summary>
    public WorkloadType Of(WorkloadOptions options) => _types.Find(t => t.OptionsType == options.GetType())
        ?? throw new ArgumentException($"{options.GetType().Name} belongs to no registered workload.", nameof(options));
}
