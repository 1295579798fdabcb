using System.Buffers.Text;
using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Writes a trace as text for programs that are not this one, one record a line, as <c>docs/format/trace.md</c> describes under "Text form".
/// </summary>
public static class TraceTextDump
{
    private const int LongestRangeLine = 64;

    /// <summary>Writes every record of the trace to the stream, in order.</summary>
    public static void Write(TraceReader reader, Stream output)
    {
        TraceRecord[] batch = new TraceRecord[4096];
        byte[] text = new byte[batch.Length * LongestRangeLine];
        int count;
        while ((count = reader.ReadBatch(batch)) > 0)
        {
            int used = 0;
            foreach (ref readonly TraceRecord record in batch.AsSpan(0, count))
            {
                if (record.IsRange)
                {
                    used += WriteRange(in record, text.AsSpan(used));
                }
                else
                {
                    output.Write(text, 0, used);
                    used = 0;
                    output.Write(Encoding.UTF8.GetBytes(Describe(reader, in reader.Event(in record)) + "\n"));
                }
            }

            output.Write(text, 0, used);
        }
    }

    private static int WriteRange(in TraceRecord record, Span<byte> text)
    {
        text[0] = "ILSMRW"u8[(int)record.Kind];
        text[1] = (byte)' ';
        Utf8Formatter.TryFormat(record.Address, text[2..], out int digits, 'x');
        int at = 2 + digits;
        text[at++] = (byte)' ';
        Utf8Formatter.TryFormat(record.Size, text[at..], out digits);
        at += digits;
        text[at++] = (byte)'\n';
        return at;
    }

    private static string Describe(TraceReader reader, in TraceEvent e)
    {
        if (e.Kind == TraceRecordKind.Area)
        {
            TraceArea area = TraceArea.From(in e);
            return $"area {area.Kind.ToString().ToLowerInvariant()} start={area.Start:x} length={area.Length:x} prot={area.Protection:x} "
                + $"limit={area.GrowthLimit:x} offset={area.FileOffset:x}{File(reader, area.SymbolId)}";
        }

        StringBuilder line = new(LinuxSyscalls.Name(e.SyscallNumber));
        foreach (ulong argument in (ReadOnlySpan<ulong>)[e.Argument0, e.Argument1, e.Argument2, e.Argument3, e.Argument4, e.Argument5])
        {
            line.Append($" {argument:x}");
        }

        return line.Append($" = {e.Result} thread={e.ThreadId}{File(reader, e.SymbolId)}").ToString();
    }

    private static string File(TraceReader reader, int symbolId) =>
        symbolId < 0 ? "" : " file=" + reader.Symbol(symbolId).Replace('\n', ' ').Replace('\r', ' ');
}
