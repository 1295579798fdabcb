using System.CommandLine;
using System.CommandLine.Parsing;

namespace Sim.Host.Commands;

/// <summary>Turns what the parser says of a wrong command line into one message with a suggestion.</summary>
internal static class UsageError
{
    /// <summary>The message; null when the command line is right, or asks for help or the version.</summary>
    public static string? Find(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0 || parsed.Action is HelpPrinter)
        {
            return null;
        }
        Command command = parsed.CommandResult.Command;
        string verb = VerbOf(parsed.CommandResult);
        string help = $"\"{verb} --help\" describes the usage.";
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            if (token.StartsWith('-'))
            {
                IEnumerable<string> options = command.Options.SelectMany(o => o.Aliases.Prepend(o.Name));
                return $"{verb} has no option {token}.{Suggestion.For(token.Split('=')[0], options)} {help}";
            }
            return command.Subcommands.Count > 0
                ? $"{verb} has no command \"{token}\".{Suggestion.For(token, command.Subcommands.Select(c => c.Name))} {help}"
                : $"{verb} does not know what to do with \"{token}\". {help}";
        }
        if (command.Subcommands.Count > 0 && command.Action is null)
        {
            return $"{verb} needs a command: {string.Join(", ", command.Subcommands.Select(c => c.Name))}. {help}";
        }
        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            if (child is ArgumentResult { Tokens.Count: 0, Argument: { HasDefaultValue: false, Arity.MinimumNumberOfValues: > 0 } argument })
            {
                return $"{verb} needs {argument.HelpName ?? argument.Name}. {help}";
            }
        }
        return $"{verb}: {parsed.Errors[0].Message} {help}";
    }

    private static string VerbOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{VerbOf(parent)} {result.Command.Name}" : "sim";
}
