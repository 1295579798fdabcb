using System.Text;

namespace Sim.Host.Captures;

/// <summary>Encodes an arranged trace chunk by chunk; differences begin anew in each chunk.</summary>
internal sealed class CaptureEncoder(FtraceText text)
{
    /// <summary>Longer marks and names are cut.</summary>
    public const int MaxStringBytes = 4096;

    /// <summary>No record is longer: a string, and ten numbers of at most ten bytes.</summary>
    private const int MaxRecordBytes = MaxStringBytes + 200;

    private const long PsPerUs = 1_000_000;
    private readonly HashSet<int> _named = [];
    private byte[] _buffer = new byte[1 << 16];
    private int _length;
    private CaptureEvent _last;

    /// <summary>The next chunk's raw payload, valid until the next call.</summary>
    /// <param name="next">Index of the event it begins with; then of the one after it.</param>
    /// <param name="maxRecords">It has no more events than that.</param>
    /// <param name="maxBytes">It is no longer than that.</param>
    public ReadOnlySpan<byte> Chunk(ref int next, int maxRecords, int maxBytes)
    {
        _length = 0;
        _last = default;
        for (int records = 0; next < text.Events.Length && records < maxRecords && _length + (2 * MaxRecordBytes) <= maxBytes; records++)
        {
            ref readonly CaptureEvent e = ref text.Events[next++];
            if (_named.Add(e.Pid) && text.Tasks.TryGetValue(e.Pid, out string? comm))
            {
                Byte((byte)CaptureRecord.Task);
                Signed(e.Pid);
                String(comm);
            }
            Event(in e);
        }
        return _buffer.AsSpan(0, _length);
    }

    private void Event(in CaptureEvent e)
    {
        CaptureRecord record = CaptureRecords.Of(e.Kind);
        Byte((byte)((int)record | ((int)e.Context << 4) | ((int)e.Flags << 6)));
        Signed((e.TimePs - _last.TimePs) / PsPerUs);
        Signed(e.Line - (long)_last.Line);
        Signed(e.Pid - (long)_last.Pid);
        Byte(e.Cpu);
        long pfn = _last.Pfn;
        if (CaptureRecords.HasBlock(record))
        {
            Signed(e.Pfn - pfn);
            Byte((byte)(e.Order | (record == CaptureRecord.Request ? e.MigrateType << 4 : 0)));
            pfn = e.Pfn;
        }
        if (CaptureRecords.HasGfp(record))
        {
            Unsigned(unchecked((uint)e.Gfp));
        }
        if (CaptureRecords.HasNumber(record))
        {
            Signed(e.Number);
        }
        if (record == CaptureRecord.Mark)
        {
            String(text.Marks[e.Number]);
        }
        _last = e;
        _last.Pfn = pfn;
    }

    private void String(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        int length = Math.Min(utf8.Length, MaxStringBytes);
        // Cut between characters.
        while (length < utf8.Length && length > 0 && (utf8[length] & 0xC0) == 0x80)
        {
            length--;
        }
        Unsigned((uint)length);
        Room(length);
        utf8.AsSpan(0, length).CopyTo(_buffer.AsSpan(_length));
        _length += length;
    }

    private void Signed(long value) => Unsigned(unchecked((ulong)((value << 1) ^ (value >> 63))));

    private void Unsigned(ulong value)
    {
        Room(10);
        for (; value >= 0x80; value >>= 7)
        {
            _buffer[_length++] = (byte)((value & 0x7F) | 0x80);
        }
        _buffer[_length++] = (byte)value;
    }

    private void Byte(byte value)
    {
        Room(1);
        _buffer[_length++] = value;
    }

    private void Room(int bytes)
    {
        if (_length + bytes > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + bytes));
        }
    }
}
