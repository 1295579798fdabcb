using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Splits a line of strace's text (strace(1)): an optional process number and time, then a call with its arguments and result, a beginning or an
/// end of one, a signal, or an exit.
/// </summary>
internal static class StraceLine
{
    /// <summary>Takes the process number and the time off the front of a line. Process 0 where the line names none.</summary>
    internal static string Strip(string line, out uint process)
    {
        process = 0;
        ReadOnlySpan<char> rest = line;
        if (rest.StartsWith("[pid "))
        {
            int close = rest.IndexOf(']');
            if (close > 0 && uint.TryParse(rest[5..close].Trim(), out process))
            {
                rest = rest[(close + 1)..].TrimStart();
            }
        }
        else
        {
            int blank = rest.IndexOf(' ');
            if (blank > 0 && uint.TryParse(rest[..blank], out uint number))
            {
                process = number;
                rest = rest[blank..].TrimStart();
            }
        }

        // -t, -tt, -ttt and -r put a time there: digits with colons or a point.
        ReadOnlySpan<char> trimmed = rest.TrimStart();
        int end = trimmed.IndexOf(' ');
        if (end > 1 && trimmed[..end].IndexOfAnyExcept("0123456789:.") < 0)
        {
            rest = trimmed[end..].TrimStart();
        }

        return rest.ToString();
    }

    /// <summary>Reads <c>NAME(ARGUMENTS) = RESULT</c> into a call; returns the name, or null when the line is none.</summary>
    internal static string? TryCall(string line, TracedCall call, List<string> arguments)
    {
        int open = line.IndexOf('(');
        if (open <= 0 || !IsName(line.AsSpan(0, open)))
        {
            return null;
        }

        int close = Split(line, open, arguments);
        int equals = close < 0 ? -1 : line.IndexOf("= ", close, StringComparison.Ordinal);
        if (equals < 0 || !string.IsNullOrWhiteSpace(line[(close + 1)..equals]) || !TryResult(line[(equals + 2)..], out long result))
        {
            return null;
        }

        call.Clear(1, 0);
        foreach (string argument in arguments)
        {
            call.Add(Value(argument), Text(argument));
        }

        call.Result = result;
        return line[..open];
    }

    /// <summary>All quoted strings of an argument, such as the words of <c>execve</c>'s argument vector.</summary>
    internal static List<string> Strings(string argument)
    {
        List<string> strings = [];
        for (int i = argument.IndexOf('"'); i >= 0 && i < argument.Length; i = argument.IndexOf('"', i))
        {
            int end = EndOfString(argument, i);
            if (end < 0)
            {
                break;
            }

            strings.Add(Unescape(argument.AsSpan(i + 1, end - i - 1)));
            i = end + 1;
        }

        return strings;
    }

    /// <summary>Fills the list with the arguments between the parentheses; returns where the closing one is, or −1.</summary>
    private static int Split(string line, int open, List<string> arguments)
    {
        arguments.Clear();
        int depth = 0;
        int start = open + 1;
        for (int i = start; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '"')
            {
                i = EndOfString(line, i);
                if (i < 0)
                {
                    return -1;
                }
            }
            else if (c == '<' && depth == 0 && IsDescriptor(line.AsSpan(start, i - start)))
            {
                // -y: the path behind a descriptor, which may hold any character but is followed by a comma or the end.
                i = EndOfPath(line, i);
                if (i < 0)
                {
                    return -1;
                }
            }
            else if (c is '[' or '{' or '(')
            {
                depth++;
            }
            else if (c is ']' or '}' || (c == ')' && depth > 0))
            {
                depth--;
            }
            else if (depth == 0 && (c is ',' or ')'))
            {
                string argument = line[start..i].Trim();
                if (argument.Length > 0)
                {
                    arguments.Add(argument);
                }

                if (c == ')')
                {
                    return i;
                }

                start = i + 1;
            }
        }

        return -1;
    }

    private static ulong? Value(string argument)
    {
        int path = argument.IndexOf('<');
        string number = path > 0 && IsDescriptor(argument.AsSpan(0, path)) ? argument[..path] : argument;
        int comment = number.IndexOf(" /*", StringComparison.Ordinal);
        return StraceSymbols.Evaluate(comment > 0 ? number[..comment] : number);
    }

    private static string? Text(string argument)
    {
        if (argument[0] == '"')
        {
            int end = EndOfString(argument, 0);
            return end > 0 ? Unescape(argument.AsSpan(1, end - 1)) : null;
        }

        int path = argument.IndexOf('<');
        return path > 0 && argument[^1] == '>' && IsDescriptor(argument.AsSpan(0, path)) ? argument[(path + 1)..^1] : null;
    }

    private static bool TryResult(string text, out long result)
    {
        string[] words = text.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        result = 0;
        if (words.Length == 0)
        {
            return false;
        }

        if (words[0] == "?")
        {
            // The call never returned: the program ended in it, or a signal restarts it.
            result = words.Length > 1 ? -(StraceSymbols.ErrorNumber("EINTR") ?? 1) : 0;
            return true;
        }

        int path = words[0].IndexOf('<');
        if (!TextNumbers.TryNumber(Encoding.UTF8.GetBytes(path > 0 ? words[0][..path] : words[0]), out ulong value))
        {
            return false;
        }

        result = unchecked((long)value);
        if (result == -1 && words.Length > 1)
        {
            result = -(StraceSymbols.ErrorNumber(words[1]) ?? 1);
        }

        return true;
    }

    private static bool IsName(ReadOnlySpan<char> name) =>
        name.IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz_0123456789") < 0 && !char.IsAsciiDigit(name[0]);

    private static bool IsDescriptor(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        return text.Length > 0 && (text.SequenceEqual("AT_FDCWD") || text.IndexOfAnyExcept("0123456789") < 0);
    }

    private static int EndOfString(string text, int quote)
    {
        for (int i = quote + 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return i;
            }
        }

        return -1;
    }

    private static int EndOfPath(string line, int open)
    {
        for (int i = line.IndexOf('>', open); i >= 0; i = line.IndexOf('>', i + 1))
        {
            if (i + 1 < line.Length && line[i + 1] is ',' or ')')
            {
                return i;
            }
        }

        return -1;
    }

    private static string Unescape(ReadOnlySpan<char> text)
    {
        List<byte> bytes = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                int length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Slice(i, length).ToString()));
                i += length - 1;
                continue;
            }

            char c = text[++i];
            if (c is >= '0' and <= '7')
            {
                int value = 0;
                int last = Math.Min(i + 3, text.Length);
                for (; i < last && text[i] is >= '0' and <= '7'; i++)
                {
                    value = (value * 8) + (text[i] - '0');
                }

                i--;
                bytes.Add((byte)value);
            }
            else if (c == 'x' && i + 2 < text.Length
                && byte.TryParse(text.Slice(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte hex))
            {
                bytes.Add(hex);
                i += 2;
            }
            else
            {
                bytes.Add(c switch { 'n' => 10, 't' => 9, 'r' => 13, 'v' => 11, 'f' => 12, 'a' => 7, 'b' => 8, _ => (byte)c });
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
