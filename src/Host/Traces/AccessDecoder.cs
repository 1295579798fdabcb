using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Host.Traces;

/// <summary>Decodes the accesses of a chunk, in order, into the caller's records. Allocates nothing after construction.</summary>
internal sealed class AccessDecoder
{
    /// <summary>Bytes that must follow the difference column in its buffer, since eight are always read.</summary>
    internal const int Padding = 8;

    private readonly ulong[] _targets = new ulong[AccessCode.Slots];
    private readonly ulong[] _data = new ulong[AccessCode.Slots];
    private byte[] _raw = [];
    private int _token;
    private int _tokenEnd;
    private int _delta;
    private int _deltaEnd;
    private int _escape;
    private int _escapeEnd;
    private ulong _sequentialFetch;
    private ulong _lastData;
    private uint _instructionSlot;
    private uint _ordinal;

    /// <summary>Accesses of the chunk not decoded yet.</summary>
    internal int Remaining => _tokenEnd - _token;

    /// <summary>Whether every byte of every column has been used.</summary>
    internal bool IsExhausted => _token == _tokenEnd && _delta == _deltaEnd && _escape == _escapeEnd;

    /// <summary>Starts a chunk whose three columns stand one after the other in <paramref name="raw"/>, followed by padding.</summary>
    internal void Start(byte[] raw, int offset, int tokenLength, int deltaLength, int escapeLength)
    {
        Array.Clear(_targets);
        Array.Clear(_data);
        _raw = raw;
        _token = offset;
        _delta = _tokenEnd = offset + tokenLength;
        _escape = _deltaEnd = _delta + deltaLength;
        _escapeEnd = _escape + escapeLength;
        _sequentialFetch = _lastData = 0;
        _instructionSlot = _ordinal = 0;
        if (_escapeEnd + Padding > raw.Length)
        {
            throw new ArgumentException("The columns and their padding must lie in the buffer.", nameof(raw));
        }
    }

    /// <summary>Decodes exactly <paramref name="destination"/>.Length accesses; false when the columns contradict each other.</summary>
    internal bool TryDecode(Span<TraceRecord> destination)
    {
        if (destination.Length > Remaining)
        {
            return false;
        }

        // The indices below need no checks: slots are masked, and reads at _delta stay inside the padded buffer because it is tested each time.
        ref byte raw = ref MemoryMarshal.GetArrayDataReference(_raw);
        ref ulong targets = ref MemoryMarshal.GetArrayDataReference(_targets);
        ref ulong data = ref MemoryMarshal.GetArrayDataReference(_data);
        int delta = _delta;
        int deltaEnd = _deltaEnd;
        ulong sequentialFetch = _sequentialFetch;
        ulong lastData = _lastData;
        uint slot = _instructionSlot;
        uint ordinal = _ordinal;
        ref byte token = ref Unsafe.Add(ref raw, _token);
        for (int i = 0; i < destination.Length; i++)
        {
            uint code = Unsafe.Add(ref token, i);
            if (delta > deltaEnd)
            {
                return false;
            }

            // Class c keeps the low 0, 8, 16 or 64 bits of the eight bytes read, sign-extended.
            int deltaClass = (int)(code >> 6);
            ulong bytes = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref raw, delta));
            int length = (0x8210 >> (4 * deltaClass)) & 15;
            int shift = (64 - (8 * length)) & 63;
            ulong difference = length == 0 ? 0 : (ulong)((long)(bytes << shift) >> shift);
            delta += length;

            uint size = (code >> 2) & 15;
            TraceRecordKind kind = (TraceRecordKind)(code & 3);
            if (kind == TraceRecordKind.Fetch)
            {
                if (size == AccessCode.EscapedSize && !TryEscape(out size))
                {
                    return false;
                }

                ref ulong target = ref Unsafe.Add(ref targets, slot);
                ulong address = (target == 0 ? sequentialFetch : target) + difference;
                target = address;
                sequentialFetch = address + size;
                slot = AccessCode.Slot(address);
                ordinal = 0;
                destination[i] = new TraceRecord(kind, address, size);
            }
            else
            {
                uint bytesTouched = Unsafe.Add(ref MemoryMarshal.GetReference(AccessCode.DataSizes), size);
                if (size == AccessCode.EscapedSize && !TryEscape(out bytesTouched))
                {
                    return false;
                }

                ref ulong previous = ref Unsafe.Add(ref data, AccessCode.DataSlot(slot, ordinal++));
                ulong address = (previous == 0 ? lastData : previous) + difference;
                previous = address;
                lastData = address;
                destination[i] = new TraceRecord(kind, address, bytesTouched);
            }
        }

        _token += destination.Length;
        _delta = delta;
        _sequentialFetch = sequentialFetch;
        _lastData = lastData;
        _instructionSlot = slot;
        _ordinal = ordinal;
        return delta <= deltaEnd;
    }

    private bool TryEscape(out uint size)
    {
        size = 0;
        if (_escape + 4 > _escapeEnd)
        {
            return false;
        }

        size = BinaryPrimitives.ReadUInt32LittleEndian(_raw.AsSpan(_escape));
        _escape += 4;
        return size is > 0 and <= TraceFormat.MaxAccessSize;
    }
}
