using System.CommandLine;

namespace Sim.Host.Commands;

/// <summary>One verb of the command line: its options and what it does.</summary>
public interface ICommandModule
{
    /// <summary>The verb; its action returns an <see cref="ExitCode"/> or throws.</summary>
    Command Build();
}
