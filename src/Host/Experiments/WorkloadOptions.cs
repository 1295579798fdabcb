namespace Sim.Host.Experiments;

/// <summary>Options of a workload phase; one record beside each workload. The key <c>type</c> of the phase selects the record.</summary>
public abstract record WorkloadOptions;

/// <summary>A kind of workload an experiment may name.</summary>
/// <param name="Name">Value of <c>type</c>.</param>
/// <param name="OptionsType">The record of its options; derives from <see cref="WorkloadOptions"/>.</param>
/// <param name="Description">For the JSON Schema.</param>
public sealed record WorkloadType(string Name, Type OptionsType, string Description);

/// <summary>The kinds of workload a build knows.</summary>
public sealed class WorkloadRegistry
{
    private readonly List<WorkloadType> _types = [];

    public IReadOnlyList<WorkloadType> Types => _types;

    /// <summary>Adds a kind of workload.</summary>
    public WorkloadRegistry Add<TOptions>(string name, string description) where TOptions : WorkloadOptions, new()
    {
        _types.Add(new WorkloadType(name, typeof(TOptions), description));
        return this;
    }

    /// <summary>The kind with a name, or null.</summary>
    public WorkloadType? Find(string name) => _types.Find(t => t.Name == name);

    /// <summary>The kind whose options these are.</summary>
    public WorkloadType Of(WorkloadOptions options) => _types.Find(t => t.OptionsType == options.GetType())
        ?? throw new ArgumentException($"{options.GetType().Name} belongs to no registered workload.", nameof(options));
}
