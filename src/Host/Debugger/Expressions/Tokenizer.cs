namespace Sim.Host.Debugger.Expressions;

/// <summary>Cuts an expression into its pieces.</summary>
internal static class Tokenizer
{
    /// <summary>Longest expression, in characters.</summary>
    private const int MaxLength = 4096;

    private static readonly string[] Signs = ["==", "!=", "<=", ">=", "&&", "||", "..", "<", ">", "=", "!", "(", ")", "{", "}", ","];

    /// <summary>The pieces; the last one is the end.</summary>
    /// <exception cref="ExpressionException">A character has no meaning, or a string no end.</exception>
    public static IReadOnlyList<Token> Cut(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new ExpressionException($"The expression has {text.Length} characters; at most {MaxLength} are allowed.", text[..64], 64);
        }
        var tokens = new List<Token>();
        for (int at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }
            Token token = Next(text, at, out int end);
            tokens.Add(token);
            at = end;
        }
        tokens.Add(new Token(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static Token Next(string text, int at, out int end)
    {
        if (text[at] is '"' or '\'')
        {
            end = text.IndexOf(text[at], at + 1) + 1;
            return end > 0
                ? new Token(TokenKind.Text, text[(at + 1)..(end - 1)], at)
                : throw new ExpressionException("The string has no closing quote.", text, at);
        }
        string rest = text[at..];
        if (Array.Find(Signs, s => rest.StartsWith(s, StringComparison.Ordinal)) is { } sign)
        {
            end = at + sign.Length;
            return new Token(TokenKind.Sign, sign, at);
        }
        end = at;
        while (end < text.Length && IsWord(text, end))
        {
            end++;
        }
        return end > at
            ? new Token(TokenKind.Word, text[at..end], at)
            : throw new ExpressionException($"\"{text[at]}\" has no meaning here.", text, at);
    }

    // Names have dots (page.alloc) and dashes (task-3), gfp flags bars; two of either are operators.
    private static bool IsWord(string text, int at) =>
        char.IsLetterOrDigit(text[at]) || text[at] is '_' or '-' or '/' or ':' or '+' or '*' or '@' or '[' or ']'
        || (text[at] is '.' or '|' && !(at + 1 < text.Length && text[at + 1] == text[at]) && (at == 0 || text[at - 1] != text[at]));
}
