using System.Text;

namespace Sim.Host.Debugger;

/// <summary>Cuts a text into the debugger's commands: at semicolons and line ends outside quotes; # begins a comment.</summary>
internal static class DebugScript
{
    // What a decoder makes of bytes that are no UTF-8.
    private const char NotUtf8 = '\uFFFD';

    /// <summary>The commands, without blanks around them; empty ones are left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">Name of the file that it comes from; null for the command line.</param>
    public static IReadOnlyList<ScriptCommand> Cut(string text, string? name = null)
    {
        var commands = new List<ScriptCommand>();
        var command = new StringBuilder();
        char quote = '\0';
        int line = 1;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && c == '#' && (i == 0 || char.IsWhiteSpace(text[i - 1]) || text[i - 1] == ';'))
            {
                int end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end;
                c = '\n';
            }
            if (c == '\n' || (c == ';' && quote == '\0'))
            {
                Add(commands, command, name is null ? "" : $"{name}, line {line}");
                line += c == '\n' ? 1 : 0;
                quote = '\0';
                continue;
            }
            quote = c is '"' or '\'' ? (quote == c ? '\0' : quote == '\0' ? c : quote) : quote;
            command.Append(c);
        }
        Add(commands, command, name is null ? "" : $"{name}, line {line}");
        return commands;
    }

    /// <summary>Reads the commands of a file, or of standard input.</summary>
    /// <param name="path">The file; <c>-</c> for standard input.</param>
    /// <param name="input">Standard input; null for a terminal.</param>
    /// <exception cref="CommandException">There is no such file, or it is no text.</exception>
    public static IReadOnlyList<ScriptCommand> Read(string path, TextReader? input)
    {
        bool standard = path == "-";
        if (!standard && !File.Exists(path))
        {
            throw new CommandException(ExitCode.Configuration, $"--commands {path}: {(Directory.Exists(path) ? "that is a folder, not a file with commands" : "there is no such file")}.");
        }
        string text = !standard ? File.ReadAllText(path)
            : input?.ReadToEnd() ?? throw new CommandException(ExitCode.Usage, "--commands -: nothing is piped in; leave it out to be asked for commands.");
        int strange = text.Select((c, i) => (c, i)).Where(x => (char.IsControl(x.c) && x.c is not ('\n' or '\r' or '\t')) || x.c == NotUtf8).Select(x => x.i).DefaultIfEmpty(-1).First();
        return strange < 0 ? Cut(text, standard ? "standard input" : path) : throw new CommandException(ExitCode.Configuration,
            $"--commands {path}, line {text.AsSpan(0, strange).Count('\n') + 1}: this is no text; there is a character U+{(int)text[strange]:X4}.");
    }

    private static void Add(List<ScriptCommand> commands, StringBuilder command, string where)
    {
        string text = command.ToString().Trim();
        if (text.Length > 0)
        {
            commands.Add(new ScriptCommand(text, where));
        }
        command.Clear();
    }
}
