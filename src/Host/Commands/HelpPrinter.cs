using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;

namespace Sim.Host.Commands;

/// <summary>
/// <c>--help</c>: what the command is for, its usage, arguments, options and commands, and then whatever follows the
/// first paragraph of its description, such as examples.
/// </summary>
internal sealed class HelpPrinter : SynchronousCommandLineAction
{
    private const int Width = 110;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.Write(Text(parseResult.CommandResult.Command));
        return (int)ExitCode.Ok;
    }

    private static string Text(Command command)
    {
        (string purpose, string rest) = Split(command);
        var text = new StringBuilder();
        Paragraphs(text, purpose);
        text.Append("\nUsage: ").Append(NameOf(command));
        text.Append(string.Concat(command.Arguments.Select(a => $" {a.Name}{(a.Arity.MaximumNumberOfValues > 1 ? "..." : "")}")));
        text.Append(command.Subcommands.Count > 0 ? " COMMAND [options]\n" : " [options]\n");
        Section(text, "Arguments", command.Arguments.Select(a => (a.Name, a.Description ?? "")));
        Section(text, "Commands", command.Subcommands.Select(c => (c.Name, Split(c).Purpose)));
        Section(text, "Options", Options(command).Select(o => (LabelOf(o), o.Description ?? "")));
        if (rest.Length > 0)
        {
            text.Append('\n');
            Paragraphs(text, rest);
        }
        return text.ToString();
    }

    /// <summary>Lines of prose are wrapped; indented ones, which are commands to copy, are not.</summary>
    private static void Paragraphs(StringBuilder text, string paragraphs)
    {
        foreach (string line in paragraphs.Split('\n'))
        {
            if (line.StartsWith(' '))
            {
                text.Append(line);
            }
            else
            {
                Wrap(text, line, 0);
            }
            text.Append('\n');
        }
    }

    private static void Section(StringBuilder text, string title, IEnumerable<(string Label, string Description)> rows)
    {
        (string Label, string Description)[] all = [.. rows];
        if (all.Length == 0)
        {
            return;
        }
        text.Append('\n').Append(title).Append(":\n");
        int column = all.Max(r => r.Label.Length) + 4;
        foreach ((string label, string description) in all)
        {
            text.Append("  ").Append(label.PadRight(column - 2));
            Wrap(text, description, column);
            text.Append('\n');
        }
    }

    private static void Wrap(StringBuilder text, string words, int column)
    {
        int at = column;
        foreach (string word in words.Split(' '))
        {
            if (at + word.Length > Width && at > column)
            {
                text.Length--;
                text.Append('\n').Append(' ', column);
                at = column;
            }
            text.Append(word).Append(' ');
            at += word.Length + 1;
        }
        text.Length--;
    }

    private static (string Purpose, string More) Split(Command command)
    {
        string[] parts = (command.Description ?? "").Split("\n\n", 2);
        return (parts[0], parts.Length > 1 ? parts[1] : "");
    }

    private static IEnumerable<Option> Options(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(Options).Where(o => o.Recursive)).Distinct();

    private static string LabelOf(Option option)
    {
        IEnumerable<string> names = option.Aliases.Where(a => a.StartsWith('-')).Append(option.Name).OrderBy(n => n.Length);
        return string.Join(", ", names) + (option.HelpName is { } value ? $" {value}" : "");
    }

    private static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{NameOf(parent)} {command.Name}" : "sim";
}
