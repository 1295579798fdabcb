namespace Sim.Kernel.Boot;

/// <summary>The configuration describes a machine that cannot boot. Exit code 3.</summary>
/// <param name="option">The option to change, such as <c>machine.memory</c>.</param>
/// <param name="what">What is wrong.</param>
/// <param name="remedy">What to do.</param>
public sealed class ImpossibleMachineException(string option, string what, string remedy)
    : Exception($"{option}: {what}; {remedy}.")
{
    /// <summary>The option to change.</summary>
    public string Option { get; } = option;
}
