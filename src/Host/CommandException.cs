namespace Sim.Host;

/// <summary>
/// A command cannot go on. The message is what the user reads: what, where, and what to do next.
/// </summary>
public class CommandException(ExitCode exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What the process returns.</summary>
    public ExitCode ExitCode { get; } = exitCode;
}
