using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Engine.Log;

namespace Sim.Engine.Events;

/// <summary>
/// Reads the MessagePack integers, booleans and small arrays that events consist of. Safe on hostile bytes: anything
/// else, and any read past the end, is a <see cref="CorruptLogException"/>.
/// </summary>
public ref struct EventDecoder
{
    /// <summary>Delta groups are 0 to 31.</summary>
    public const int DeltaGroups = 32;

    /// <summary>Contexts a decoder needs: one for each delta group, and one for time.</summary>
    public const int Contexts = DeltaGroups + 1;

    private readonly ReadOnlySpan<byte> _data;
    private readonly ref long _contexts;
    private int _position;

    /// <param name="data">A block's payload.</param>
    /// <param name="contexts">The delta contexts, zero at a block's start; 33 values.</param>
    public EventDecoder(ReadOnlySpan<byte> data, ref long contexts)
    {
        _data = data;
        _contexts = ref contexts;
    }

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>True when the payload is used up.</summary>
    public readonly bool End => _position >= _data.Length;

    /// <summary>Reads the header of an event's array; 0 to 15 elements, or array16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadArrayHeader()
    {
        if ((uint)_position < (uint)_data.Length && (_data[_position] & 0xF0) == 0x90)
        {
            return _data[_position++] & 0x0F;
        }
        return ReadWideArrayHeader();
    }

    private int ReadWideArrayHeader()
    {
        byte code = Next();
        if (code == 0xDC)
        {
            return BinaryPrimitives.ReadUInt16BigEndian(Take(2));
        }
        throw Bad(code, "an event's array");
    }

    /// <summary>Reads what every event starts with: its array's header, kind, Δtime and distance to its cause.</summary>
    /// <param name="sequence">The event's sequence.</param>
    /// <param name="kind">Its kind, below <see cref="EventCatalogue.MaxKinds"/>.</param>
    /// <param name="fieldCount">Fields that follow.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EventHeader ReadEventHeader(long sequence, out int kind, out int fieldCount)
    {
        fieldCount = ReadArrayHeader() - 3;
        long number = ReadInt64();
        ref long time = ref Unsafe.Add(ref _contexts, DeltaGroups);
        time += ReadZigZag();
        long distance = ReadInt64();
        if (fieldCount < 0 || (ulong)number >= EventCatalogue.MaxKinds || (ulong)distance > (ulong)sequence)
        {
            throw new CorruptLogException($"event {sequence} has {fieldCount + 3} values, kind {number} and cause distance {distance}");
        }
        kind = (int)number;
        return new EventHeader(sequence, time, distance == 0 ? -1 : sequence - distance);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadInt64()
    {
        if ((uint)_position < (uint)_data.Length)
        {
            sbyte code = (sbyte)_data[_position];
            if (code >= -32)
            {
                _position++;
                return code;
            }
        }
        return ReadLong();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadDelta(int group)
    {
        ref long context = ref Unsafe.Add(ref _contexts, group);
        return context += ReadInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadZigZag()
    {
        ulong value = (ulong)ReadInt64();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public bool ReadBoolean()
    {
        byte code = Next();
        return code switch { 0xC2 => false, 0xC3 => true, _ => throw Bad(code, "a boolean") };
    }

    /// <summary>Skips one scalar of any MessagePack type an event field may have.</summary>
    public void SkipField()
    {
        byte code = Next();
        int length = code switch
        {
            <= 0x7F or >= 0xE0 or 0xC0 or 0xC2 or 0xC3 => 0,
            >= 0xA0 and <= 0xBF => code & 0x1F,
            0xCC or 0xD0 => 1,
            0xCD or 0xD1 => 2,
            0xCE or 0xD2 or 0xCA => 4,
            0xCF or 0xD3 or 0xCB => 8,
            0xC4 or 0xD9 => Take(1)[0],
            0xC5 or 0xDA => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            _ => throw Bad(code, "an event's field"),
        };
        Take(length);
    }

    /// <summary>Reads a short string (at most 65,535 bytes of UTF-8), as the <c>symbol</c> event has it.</summary>
    public ReadOnlySpan<byte> ReadStringUtf8()
    {
        byte code = Next();
        int length = code switch
        {
            >= 0xA0 and <= 0xBF => code & 0x1F,
            0xD9 => Take(1)[0],
            0xDA => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            _ => throw Bad(code, "a string"),
        };
        return Take(length);
    }

    private long ReadLong()
    {
        // Away from the payload's end there is room for any integer, and one check serves for all of its bytes.
        if (_data.Length - _position < 9)
        {
            return ReadLongAtEnd();
        }
        ref byte value = ref Unsafe.Add(ref MemoryMarshal.GetReference(_data), _position + 1);
        byte code = Unsafe.Add(ref value, -1);
        switch (code)
        {
            case 0xCC:
                _position += 2;
                return value;
            case 0xCD:
                _position += 3;
                return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ushort>(ref value));
            case 0xCE:
                _position += 5;
                return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(ref value));
            case 0xCF or 0xD3:
                _position += 9;
                return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<long>(ref value));
            case 0xD0:
                _position += 2;
                return (sbyte)value;
            case 0xD1:
                _position += 3;
                return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<short>(ref value));
            case 0xD2:
                _position += 5;
                return BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<int>(ref value));
            case <= 0x7F:
                _position++;
                return code;
            default:
                _position++;
                throw Bad(code, "an integer");
        }
    }

    private long ReadLongAtEnd()
    {
        byte code = Next();
        return code switch
        {
            <= 0x7F => code,
            0xCC => Take(1)[0],
            0xCD => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            0xCE => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            0xCF => BinaryPrimitives.ReadInt64BigEndian(Take(8)),
            0xD0 => (sbyte)Take(1)[0],
            0xD1 => BinaryPrimitives.ReadInt16BigEndian(Take(2)),
            0xD2 => BinaryPrimitives.ReadInt32BigEndian(Take(4)),
            0xD3 => BinaryPrimitives.ReadInt64BigEndian(Take(8)),
            _ => throw Bad(code, "an integer"),
        };
    }

    private byte Next()
    {
        if ((uint)_position >= (uint)_data.Length)
        {
            throw new CorruptLogException($"event data ends at payload byte {_position}");
        }
        return _data[_position++];
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _data.Length - _position)
        {
            throw new CorruptLogException($"event data ends at payload byte {_data.Length}, {length} more bytes are due at {_position}");
        }
        ReadOnlySpan<byte> taken = _data.Slice(_position, length);
        _position += length;
        return taken;
    }

    private readonly CorruptLogException Bad(byte code, string expected) =>
        new($"payload byte {_position - 1} is 0x{code:x2}, expected {expected}");
}
