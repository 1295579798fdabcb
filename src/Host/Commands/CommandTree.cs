using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Microsoft.Extensions.DependencyInjection;

namespace Sim.Host.Commands;

/// <summary>All verbs under the root command.</summary>
internal static class CommandTree
{
    /// <summary>Given anywhere on the command line, the host's own log goes to standard error.</summary>
    public const string Verbose = "--verbose";

    public static RootCommand Build(IServiceProvider services)
    {
        var root = new RootCommand(
            "An event-sourced simulator of a machine's memory system and its kernel."
            + "\n\nTry: sim run traces/quickstart.json");
        foreach (ICommandModule module in services.GetServices<ICommandModule>())
        {
            root.Subcommands.Add(module.Build());
        }
        root.Options.Add(new Option<bool>(Verbose) { Description = "Say on standard error what the program itself does.", Recursive = true });
        root.SetAction(int (_) => throw new CommandException(ExitCode.Usage,
            $"Name a command: {string.Join(", ", root.Subcommands.Select(c => c.Name))}. \"sim --help\" describes them."));
        root.Options.OfType<HelpOption>().Single().Action = new HelpPrinter();
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(typeof(CommandTree).Assembly.GetName().Version!.ToString(3));
            return (int)ExitCode.Ok;
        }
    }
}
