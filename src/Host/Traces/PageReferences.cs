namespace Sim.Host.Traces;

/// <summary>
/// Reads a page-reference trace: one page number a line, decimal or hexadecimal with <c>0x</c>, gzip-compressed or not. Empty lines and
/// lines that begin with <c>#</c> are left out. Nothing is allocated per line.
/// </summary>
internal sealed class PageReferences : IDisposable
{
    private const int LongestQuoted = 40;

    private readonly string _path;
    private readonly TextLines _lines;

    /// <summary>Opens a trace.</summary>
    /// <exception cref="TraceFormatException">There is no such file.</exception>
    internal PageReferences(string path)
    {
        _path = path;
        _lines = new TextLines(path);
    }

    /// <summary>Number of the line read last, from 1.</summary>
    internal long LineNumber => _lines.LineNumber;

    /// <summary>Bytes of the file read so far, and all of them: for progress.</summary>
    internal (long Done, long Total) Progress => _lines.Progress;

    /// <summary>The next page number.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="TraceFormatException">A line holds something else.</exception>
    internal bool TryRead(out ulong page)
    {
        while (_lines.TryRead(out ReadOnlySpan<byte> line))
        {
            line = line.Trim(" \t"u8);
            if (line.IsEmpty || line[0] == (byte)'#')
            {
                continue;
            }
            if (line[0] == (byte)'-' || !TextNumbers.TryNumber(line, out page))
            {
                throw TraceFormatException.AtLine(_path, _lines.LineNumber, $"\"{Quoted(line)}\" is no page number",
                    "Give one page number a line, decimal or hexadecimal with 0x, up to 2^64 - 1");
            }
            return true;
        }
        page = 0;
        return false;
    }

    public void Dispose() => _lines.Dispose();

    // What a message can show: printable ASCII, cut off where it gets long.
    private static string Quoted(ReadOnlySpan<byte> line)
    {
        Span<char> text = stackalloc char[Math.Min(line.Length, LongestQuoted)];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = line[i] is >= 0x20 and < 0x7f ? (char)line[i] : '?';
        }
        return line.Length > LongestQuoted ? $"{text}..." : text.ToString();
    }
}
