namespace Sim.Host.Traces;

/// <summary>
/// A trace, or the text that a trace is imported from, cannot be read. Carries the file, the place in it, what is wrong there
/// and what the reader of the message can do; no trace parser throws anything else because of what a file contains.
/// </summary>
public sealed class TraceFormatException : Exception
{
    private TraceFormatException(string path, long? line, long? byteOffset, string problem, string remedy, Exception? inner)
        : base($"{path}{Place(line, byteOffset)}: {problem}. {remedy}.", inner)
    {
        FilePath = path;
        Line = line;
        ByteOffset = byteOffset;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>The file as the caller named it.</summary>
    public string FilePath { get; }

    /// <summary>Line number from 1 in a text file, or null for a binary one.</summary>
    public long? Line { get; }

    /// <summary>Offset in bytes from the start of a binary file, or null for a text one.</summary>
    public long? ByteOffset { get; }

    /// <summary>What is wrong, without a full stop.</summary>
    public string Problem { get; }

    /// <summary>What to do about it, without a full stop.</summary>
    public string Remedy { get; }

    /// <summary>A fault in a text file, at a line counted from 1 (0: the file as a whole).</summary>
    public static TraceFormatException AtLine(string path, long line, string problem, string remedy, Exception? inner = null) =>
        new(path, line, null, problem, remedy, inner);

    /// <summary>A fault in a binary trace, at a byte offset from its start.</summary>
    public static TraceFormatException AtByte(string path, long byteOffset, string problem, string remedy, Exception? inner = null) =>
        new(path, null, byteOffset, problem, remedy, inner);

    private static string Place(long? line, long? byteOffset) =>
        line is > 0 ? $": line {line}" : byteOffset is not null ? $": byte {byteOffset}" : "";
}
