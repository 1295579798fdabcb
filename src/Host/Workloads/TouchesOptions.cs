using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>What a task does after it has used its text, data and stack as it should.</summary>
public enum TouchKind
{
    /// <summary>Reads at address 0.</summary>
    Null,

    /// <summary>Writes below the least address that can be mapped.</summary>
    Reserved,

    /// <summary>Writes to its text.</summary>
    Text,

    /// <summary>Executes its data.</summary>
    Data,

    /// <summary>Reads the kernel's memory.</summary>
    Kernel,

    /// <summary>Calls itself for ever, a page of stack each time.</summary>
    Stack,

    /// <summary>Gives itself thread-local storage, uses it, and reads behind its end.</summary>
    Tls,

    /// <summary>Makes a segment in its local descriptor table, uses it, and reads behind its limit.</summary>
    Ldt,

    /// <summary>Loads the kernel's data segment.</summary>
    Selector,

    /// <summary>Asks which CPU runs it; the kernel reads that through the CPU's own segment.</summary>
    Cpu,
}

/// <summary>Tasks that touch what they should not, one each, and one that asks for its CPU.</summary>
public sealed record TouchesOptions : WorkloadOptions
{
    [Setting("What the tasks do, each one of these: null, reserved, text, data, kernel, stack, tls, ldt, selector or cpu.", MinItems = 1, MaxItems = 1_000)]
    public IReadOnlyList<TouchKind> Touches { get; init; } = Enum.GetValues<TouchKind>();
}
