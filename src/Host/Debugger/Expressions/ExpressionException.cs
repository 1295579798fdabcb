namespace Sim.Host.Debugger.Expressions;

/// <summary>An expression is wrong: what, and below it the text with a caret under the place.</summary>
/// <param name="problem">What is wrong.</param>
/// <param name="text">The expression.</param>
/// <param name="position">Where, in characters from 0.</param>
internal sealed class ExpressionException(string problem, string text, int position)
    : CommandException(ExitCode.Usage, $"{problem}\n  {Line(text)}\n  {new string(' ', Math.Min(position, text.Length))}^")
{
    /// <summary>What is wrong, without the text.</summary>
    public string Problem { get; } = problem;

    /// <summary>Where, in characters from 0; the text's length at its end.</summary>
    public int Position { get; } = position;

    // The caret stands below its character only when each takes one column.
    private static string Line(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
