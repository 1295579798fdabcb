namespace Sim.Host.Debugger.Expressions;

/// <summary>
/// Reads an expression over event fields: comparisons with <c>== != &lt; &lt;= &gt; &gt;=</c>, <c>in {a, b}</c>,
/// <c>in a..b</c>, <c>covers PFN</c>, joined by <c>and or not ( )</c>; <c>not</c> binds most, <c>or</c> least.
/// </summary>
internal sealed class ExpressionParser
{
    private const int MaxDepth = 64;

    private readonly string _text;
    private readonly IReadOnlyList<Token> _tokens;
    private int _at, _depth;

    private ExpressionParser(string text)
    {
        _text = text;
        _tokens = Tokenizer.Cut(text);
    }

    private Token Now => _tokens[_at];

    /// <summary>Reads all of a text.</summary>
    /// <exception cref="ExpressionException">It is no expression.</exception>
    public static Node Parse(string text)
    {
        var parser = new ExpressionParser(text);
        if (parser.Now.Kind == TokenKind.End)
        {
            throw parser.Error("The expression is empty.");
        }
        Node node = parser.Any();
        return parser.Now.Kind == TokenKind.End ? node : throw parser.Error($"Expected \"and\", \"or\" or the end, not {parser.Now}.");
    }

    private Node Any() => Joined(All, "or", "||", (at, parts) => new AnyOf(at, parts));

    private Node All() => Joined(Not, "and", "&&", (at, parts) => new AllOf(at, parts));

    private Node Joined(Func<Node> part, string word, string sign, Func<int, IReadOnlyList<Node>, Node> join)
    {
        Node first = part();
        if (!Now.Is(word) && !Now.Is(sign))
        {
            return first;
        }
        var parts = new List<Node> { first };
        while (Take(word) || Take(sign))
        {
            parts.Add(part());
        }
        return join(first.At, parts);
    }

    private Node Not()
    {
        if (++_depth > MaxDepth)
        {
            throw Error($"The expression is nested more than {MaxDepth} deep.");
        }
        int at = Now.At;
        Node node = Take("not") || Take("!") ? new Negation(at, Not()) : Primary();
        _depth--;
        return node;
    }

    private Node Primary()
    {
        if (Take("("))
        {
            Node inner = Any();
            Require(")");
            return inner;
        }
        Token field = Now;
        if (Take("covers"))
        {
            (Literal first, Literal last) = Range();
            return new Covers(field.At, first, last);
        }
        if (field.Kind != TokenKind.Word || !field.IsValue || !char.IsLetter(field.Text[0]))
        {
            throw Error($"Expected a field, such as kind, time or pfn, not {field}.");
        }
        _at++;
        return Comparison(field);
    }

    private Node Comparison(Token field)
    {
        Token sign = Now;
        if (Take("in"))
        {
            return new Member(field.At, field.Text, Set());
        }
        Comparison? comparison = sign.Kind != TokenKind.Sign ? null : sign.Text switch
        {
            "==" => Expressions.Comparison.Equal,
            "!=" => Expressions.Comparison.NotEqual,
            "<" => Expressions.Comparison.Less,
            "<=" => Expressions.Comparison.LessOrEqual,
            ">" => Expressions.Comparison.Greater,
            ">=" => Expressions.Comparison.GreaterOrEqual,
            "=" => throw Error("A comparison for equality is written ==."),
            _ => null,
        };
        if (comparison is { } known)
        {
            _at++;
            return new Compared(field.At, field.Text, known, Value());
        }
        return sign.IsValue
            ? throw Error($"Expected a comparison (== != < <= > >= in) after {field}, not {sign}.")
            : new Flag(field.At, field.Text);
    }

    private IReadOnlyList<(Literal, Literal)> Set()
    {
        if (!Take("{"))
        {
            return [Range()];
        }
        var ranges = new List<(Literal, Literal)> { Range() };
        while (Take(","))
        {
            ranges.Add(Range());
        }
        Require("}");
        return ranges;
    }

    private (Literal First, Literal Last) Range()
    {
        Literal first = Value();
        return (first, Take("..") ? Value() : first);
    }

    private Literal Value()
    {
        Token value = Now;
        if (!value.IsValue)
        {
            throw Error($"Expected a value, not {value}.");
        }
        _at++;
        // "5 ms" is one value.
        if (value.Kind == TokenKind.Word && char.IsAsciiDigit(value.Text[0]) && Now is { Kind: TokenKind.Word, Text: "ps" or "ns" or "us" or "ms" or "s" or "B" or "KiB" or "MiB" or "GiB" or "TiB" })
        {
            return new Literal($"{value.Text}{_tokens[_at++].Text}", value.At);
        }
        return new Literal(value.Text, value.At);
    }

    private bool Take(string text)
    {
        if (!Now.Is(text))
        {
            return false;
        }
        _at++;
        return true;
    }

    private void Require(string text)
    {
        if (!Take(text))
        {
            throw Error($"Expected \"{text}\", not {Now}.");
        }
    }

    private ExpressionException Error(string problem) => new(problem, _text, Now.At);
}
