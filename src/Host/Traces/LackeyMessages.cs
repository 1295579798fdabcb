using System.Text;

namespace Sim.Host.Traces;

/// <summary>Valgrind's own messages in a lackey text: who was traced by what, and the client's segments at its start and its end.</summary>
internal sealed class LackeyMessages(string? mapsPath)
{
    private const string StartupTitle = "Memory layout at client startup";
    private const string ShutdownTitle = "Memory layout at client shutdown";
    private const string SegmentsTitle = "<<< SHOW_SEGMENTS: ";

    private string _program = "unknown";
    private string _version = "valgrind lackey";
    private ValgrindSegments? _open;

    /// <summary>The list at the client's start.</summary>
    internal ValgrindSegments? Startup { get; private set; }

    /// <summary>The list at the client's end.</summary>
    internal ValgrindSegments? Shutdown { get; private set; }

    /// <summary>Stack pointer at the first instruction, or zero where the text does not say it.</summary>
    internal ulong InitialStackPointer { get; private set; }

    internal string Metadata() => $"source: lackey\nprogram: {_program}\ncapturedBy: {_version}\narchitecture: x86_64";

    /// <summary>Takes a line that valgrind marks as its own (or a blank one); false when it is not marked or not complete.</summary>
    internal bool TryLine(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes is not ([(byte)'=', (byte)'=', ..] or [(byte)'-', (byte)'-', ..]))
        {
            return bytes.IsEmpty;
        }

        string line = Encoding.UTF8.GetString(bytes);
        int manager = line.IndexOf(" aspacem ", StringComparison.Ordinal);
        if (manager > 0)
        {
            return TrySegment(line[(manager + " aspacem ".Length)..].Trim());
        }

        if (After(line, "== Command: ") is { } command)
        {
            _program = command;
        }
        else if (After(line, "== Using Valgrind-") is { } version)
        {
            _version = $"valgrind {version.Split(' ')[0]} lackey";
        }
        else if (After(line, " initial_SP=0x") is { } pointer
            && TextNumbers.TryHex(Encoding.UTF8.GetBytes(pointer.Split(' ')[0]), out ulong address))
        {
            InitialStackPointer = address;
        }

        return true;
    }

    /// <summary>Reads the segment list from the file given beside the text.</summary>
    internal void ReadMapsFile()
    {
        if (mapsPath is null)
        {
            return;
        }

        using TextLines lines = new(mapsPath);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (!TryLine(line))
            {
                throw TraceFormatException.AtLine(mapsPath, lines.LineNumber, "this line is none of valgrind's messages",
                    "Give the standard error of 'valgrind -d -d'");
            }
        }
    }

    private bool TrySegment(string text)
    {
        if (text.StartsWith(SegmentsTitle, StringComparison.Ordinal))
        {
            _open = new ValgrindSegments();
            if (text.Contains(StartupTitle, StringComparison.Ordinal))
            {
                Startup = _open;
            }
            else if (text.Contains(ShutdownTitle, StringComparison.Ordinal))
            {
                Shutdown = _open;
            }

            return true;
        }

        if (text == ">>>")
        {
            _open = null;
            return true;
        }

        return _open is null || _open.TryAdd(text);
    }

    private static string? After(string line, string marker)
    {
        int at = line.IndexOf(marker, StringComparison.Ordinal);
        return at < 0 ? null : line[(at + marker.Length)..].Trim();
    }
}
