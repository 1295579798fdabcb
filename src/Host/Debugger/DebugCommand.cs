namespace Sim.Host.Debugger;

/// <summary>A command of the debugger.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Alias">A short one; empty for none.</param>
/// <param name="Usage">How it is written.</param>
/// <param name="Summary">What it does, in a line.</param>
/// <param name="Execute">Does it; the text is what follows the name.</param>
/// <param name="Details">What else help says.</param>
internal sealed record DebugCommand(
    string Name, string Alias, string Usage, string Summary, Func<DebugContext, string, Answer> Execute, string Details = "")
{
    /// <summary>All commands, in the order of help.</summary>
    public static IReadOnlyList<DebugCommand> All { get; } =
        [.. MovingCommands.All, .. StopCommands.All, .. LookingCommands.All, .. HelpCommands.All];

    /// <summary>Names that end a session.</summary>
    public static bool IsQuit(string line) => line.Trim() is "quit" or "q" or "exit";

    /// <summary>Finds a command by the first word of a line.</summary>
    /// <exception cref="CommandException">There is none (exit code 2).</exception>
    public static DebugCommand Find(string name) =>
        All.FirstOrDefault(c => c.Name == name || (c.Alias.Length > 0 && c.Alias == name))
        ?? throw new CommandException(ExitCode.Usage,
            $"There is no command {new ScriptCommand(name)}.{Suggestion.For(name, All.Select(c => c.Name).Append("quit"))} \"help\" lists them.");

    /// <summary>Does what a line says.</summary>
    /// <exception cref="CommandException">It cannot be done.</exception>
    public static Answer Run(DebugContext context, string line)
    {
        line = line.Trim();
        int end = line.IndexOfAny([' ', '\t']);
        (string name, string rest) = end < 0 ? (line, "") : (line[..end], line[(end + 1)..].Trim());
        return Find(name).Execute(context, rest);
    }

    /// <summary>Refuses what follows a command that takes nothing.</summary>
    /// <exception cref="CommandException">Something follows (exit code 2).</exception>
    public static void RequireNothing(string name, string text)
    {
        if (text.Length > 0)
        {
            throw new CommandException(ExitCode.Usage, $"{name} takes nothing, not \"{text}\".");
        }
    }
}
