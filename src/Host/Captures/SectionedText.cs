using System.Globalization;
using System.Text;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>A text of sections that begin with <c>==== NAME</c>, as a capture's states and checkpoints are; gzip-compressed or not.</summary>
internal static class SectionedText
{
    /// <summary>The sections in order; the lines of each with their numbers.</summary>
    /// <exception cref="TraceFormatException">It cannot be read, or does not begin with a section.</exception>
    public static IReadOnlyList<TextSection> Read(string path)
    {
        var sections = new List<TextSection>();
        using var lines = new TextLines(path);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (line.StartsWith("==== "u8))
            {
                sections.Add(new TextSection(path, Encoding.UTF8.GetString(line[5..]).Trim(), []));
            }
            else if (sections.Count > 0)
            {
                sections[^1].Lines.Add(((int)lines.LineNumber, Encoding.UTF8.GetString(line)));
            }
            else if (line.Length > 0)
            {
                throw TraceFormatException.AtLine(path, lines.LineNumber, "there is text before the first section (==== NAME)", "The file must be as the capture left it");
            }
        }
        return sections;
    }
}

/// <summary>A section of a <see cref="SectionedText"/>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Name">What follows <c>====</c>.</param>
/// <param name="Lines">Its lines and their numbers.</param>
internal sealed record TextSection(string Path, string Name, List<(int Number, string Text)> Lines);

/// <summary>Reads the fields of one line of a section, one after the other.</summary>
internal struct LineFields(string path, int line, string text)
{
    private readonly string[] _fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    private int _next;

    public readonly bool AtEnd => _next >= _fields.Length;

    public string Word(string what) => AtEnd ? throw Bad($"{what} is missing") : _fields[_next++];

    /// <summary>Takes the word if it is next.</summary>
    public bool Is(string word)
    {
        bool here = !AtEnd && _fields[_next] == word;
        _next += here ? 1 : 0;
        return here;
    }

    public void Expect(string word)
    {
        if (!Is(word))
        {
            throw Bad($"\"{word}\" is missing");
        }
    }

    public long Decimal(string what, long least, long greatest) =>
        Number(Word(what).TrimEnd(':'), NumberStyles.AllowLeadingSign, what, least, greatest);

    public long Hex(string what, long greatest) => Number(Word(what), NumberStyles.AllowHexSpecifier, what, 0, greatest);

    public readonly long Number(string field, NumberStyles style, string what, long least, long greatest) =>
        long.TryParse(field, style, CultureInfo.InvariantCulture, out long value) && value >= least && value <= greatest
            ? value
            : throw Bad($"{what} is \"{field}\", which is no number from {least} to {greatest}");

    public readonly TraceFormatException Bad(string problem) =>
        TraceFormatException.AtLine(path, line, problem, "The file must be as the capture left it");
}
