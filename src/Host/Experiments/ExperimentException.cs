namespace Sim.Host.Experiments;

/// <summary>An experiment file, or an override of it, is wrong; the only exception its reader throws. Exit code 3.</summary>
public sealed class ExperimentException(string message, Exception? cause = null)
    : CommandException(ExitCode.Configuration, message, cause);
