namespace Sim.Host.Debugger.Expressions;

/// <summary>What a piece of an expression is.</summary>
internal enum TokenKind
{
    /// <summary>A name, a number, a number with a unit, or an operator in words.</summary>
    Word,

    /// <summary>A string in quotes.</summary>
    Text,

    /// <summary>An operator, a bracket, a comma or <c>..</c>.</summary>
    Sign,

    /// <summary>The end of the expression.</summary>
    End,
}

/// <summary>A piece of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its characters, without quotes.</param>
/// <param name="At">Where it begins.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int At)
{
    /// <summary>True for this operator, bracket or operator in words.</summary>
    public bool Is(string text) => Kind is TokenKind.Sign or TokenKind.Word && Text == text;

    /// <summary>True for what may stand for a value.</summary>
    public bool IsValue => Kind == TokenKind.Text || (Kind == TokenKind.Word && Text is not ("and" or "or" or "not" or "in" or "covers"));

    /// <summary>The token as a message names it.</summary>
    public override string ToString() => Kind == TokenKind.End ? "the end" : $"\"{Text}\"";
}
