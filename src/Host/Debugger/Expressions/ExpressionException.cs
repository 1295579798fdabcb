namespace Sim.Host.Debugger.Expressions;

/// <summary>An expression is wrong: what, and below it the text with a caret under the place.</summary>
/// <param name="problem">What is wrong.</param>
/// <param name="text">The expression.</param>
/// <param name="position">Where, in characters from 0.</param>
internal sealed class ExpressionException(string problem, string text, int position)
    : CommandException(ExitCode.Usage, $"{problem}{Marked(text, Math.Min(position, text.Length))}")
{
    /// <summary>What is wrong, without the text.</summary>
    public string Problem { get; } = problem;

    /// <summary>Where, in characters from 0; the text's length at its end.</summary>
    public int Position { get; } = position;

    private const int MostShown = 100;

    private static string Marked(string text, int position)
    {
        if (text.Length == 0)
        {
            return "";
        }
        int start = Math.Clamp(position - (MostShown / 2), 0, Math.Max(0, text.Length - MostShown)), end = Math.Min(text.Length, start + MostShown);
        string before = start > 0 ? "..." : "", after = end < text.Length ? "..." : "";
        return $"\n  {before}{Line(text[start..end])}{after}\n  {new string(' ', before.Length + position - start)}^";
    }

    // The caret stands below its character only when each takes one column.
    private static string Line(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
