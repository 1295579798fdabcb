using System.Text;
using Sim.Host.Traces;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>Decodes the chunks of an imported capture; whatever cannot be right is refused.</summary>
internal sealed class CaptureDecoder(string path)
{
    private const long PsPerUs = 1_000_000, MaxTimeUs = 9_000_000_000_000;
    private readonly List<CaptureEvent> _events = [];
    private readonly List<string> _marks = [];
    private readonly Dictionary<int, string> _tasks = [];
    private byte[] _raw = [];
    private int _at;
    private long _chunkOffset;

    /// <summary>What was decoded.</summary>
    public FtraceText Text() => new(path, [.. _events], _marks, _tasks) { IsArranged = true };

    /// <summary>Decodes a chunk.</summary>
    /// <param name="raw">Its raw payload.</param>
    /// <param name="records">Events in it.</param>
    /// <param name="offset">Where in the file it begins.</param>
    /// <exception cref="TraceFormatException">It is damaged.</exception>
    public void Chunk(byte[] raw, int records, long offset)
    {
        (_raw, _at, _chunkOffset) = (raw, 0, offset);
        var last = default(CaptureEvent);
        for (int i = 0; i < records; i++)
        {
            int first = Byte();
            while (first == (int)CaptureRecord.Task)
            {
                int pid = (int)Ranged(Signed(), 0, int.MaxValue, "a pid");
                _tasks.TryAdd(pid, String());
                first = Byte();
            }
            last = Event(first, in last);
            _events.Add(last);
        }
        if (_at != raw.Length)
        {
            throw Bad("bytes follow its last record");
        }
    }

    private CaptureEvent Event(int first, in CaptureEvent last)
    {
        var record = (CaptureRecord)(first & 15);
        if (!CaptureRecords.TryKind(first & 15, out CaptureEventKind kind) || ((first >> 4) & 3) > (int)CaptureContext.HardIrq)
        {
            throw Bad($"record kind 0x{first:x2} is unknown");
        }
        var e = new CaptureEvent
        {
            Kind = kind,
            Context = (CaptureContext)((first >> 4) & 3),
            Flags = (CaptureFlags)(first >> 6),
            TimePs = PsPerUs * Ranged((last.TimePs / PsPerUs) + Signed(), 0, MaxTimeUs, "a time"),
            Line = (int)Ranged(last.Line + Signed(), 0, int.MaxValue, "a line"),
            Pid = (int)Ranged(last.Pid + Signed(), 0, int.MaxValue, "a pid"),
            Cpu = (byte)Byte(),
            Pfn = last.Pfn,
            MigrateType = byte.MaxValue,
        };
        if (CaptureRecords.HasBlock(record))
        {
            e.Pfn = Ranged(last.Pfn + Signed(), 0, FrameTable.MaxFrames - 1, "a pfn");
            int block = Byte();
            e.Order = (byte)Ranged(block & 15, 0, PageOrder.Max, "an order");
            e.MigrateType = record == CaptureRecord.Request ? (byte)Ranged(block >> 4, 0, FtraceReader.MaxMigrateType, "a migratetype") : byte.MaxValue;
        }
        e.Gfp = CaptureRecords.HasGfp(record) ? unchecked((int)(uint)Ranged(Counted(), 0, uint.MaxValue, "gfp flags")) : 0;
        e.Number = CaptureRecords.HasNumber(record) ? (int)Ranged(Signed(), int.MinValue, int.MaxValue, "a count") : 0;
        if (record == CaptureRecord.Mark)
        {
            e.Number = _marks.Count;
            _marks.Add(String());
        }
        return e;
    }

    private string String()
    {
        int length = (int)Ranged(Counted(), 0, CaptureEncoder.MaxStringBytes, "a length");
        if (length > _raw.Length - _at)
        {
            throw Bad("it ends in a string");
        }
        _at += length;
        return Encoding.UTF8.GetString(_raw, _at - length, length);
    }

    private long Signed()
    {
        ulong value = Unsigned();
        // So small that a sum with what came before cannot overflow.
        return Ranged((long)(value >> 1) ^ -(long)(value & 1), -(1L << 61), 1L << 61, "a difference");
    }

    private long Counted() => Unsigned() is <= long.MaxValue and ulong value ? (long)value : throw Bad("a number is too large");

    private ulong Unsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
        throw Bad("a number is too long");
    }

    private int Byte() => _at < _raw.Length ? _raw[_at++] : throw Bad("it ends in a record");

    private long Ranged(long value, long least, long greatest, string what) =>
        value >= least && value <= greatest ? value : throw Bad($"{what} is {value}, not from {least} to {greatest}");

    private TraceFormatException Bad(string problem) => ImportedCapture.Bad(path, _chunkOffset, $"the chunk there is damaged at byte {_at} of its payload: {problem}");
}
