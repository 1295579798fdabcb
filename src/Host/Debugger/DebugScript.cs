using System.Text;

namespace Sim.Host.Debugger;

/// <summary>Cuts a text into the debugger's commands: at semicolons and line ends outside quotes; # begins a comment.</summary>
internal static class DebugScript
{
    /// <summary>The commands, without blanks around them; empty ones are left out.</summary>
    public static IReadOnlyList<string> Cut(string text)
    {
        var commands = new List<string>();
        var command = new StringBuilder();
        char quote = '\0';
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
                Add(commands, command);
                quote = '\0';
                continue;
            }
            quote = c is '"' or '\'' ? (quote == c ? '\0' : quote == '\0' ? c : quote) : quote;
            command.Append(c);
        }
        Add(commands, command);
        return commands;
    }

    private static void Add(List<string> commands, StringBuilder command)
    {
        string text = command.ToString().Trim();
        if (text.Length > 0)
        {
            commands.Add(text);
        }
        command.Clear();
    }
}
