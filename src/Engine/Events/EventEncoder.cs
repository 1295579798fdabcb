using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Engine.Events;

/// <summary>
/// Writes canonical (smallest) MessagePack integers into memory with room to spare. The same bytes as
/// <c>MessagePackWriter</c>, without its bounds checks: the caller guarantees <see cref="MaxEventBytes"/> of room.
/// </summary>
public ref struct EventEncoder
{
    /// <summary>Upper bound of one encoded event: the header and 12 fields of at most 9 bytes, rounded up.</summary>
    public const int MaxEventBytes = 192;

    /// <summary>Most fields an event may have, so that <see cref="MaxEventBytes"/> holds and the array header is one byte.</summary>
    public const int MaxFields = 12;

    private readonly ref byte _start;
    private readonly ref long _contexts;
    private nint _position;

    /// <param name="destination">Room for at least <see cref="MaxEventBytes"/>.</param>
    /// <param name="contexts">The delta contexts; 33 values.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EventEncoder(ref byte destination, ref long contexts)
    {
        _start = ref destination;
        _contexts = ref contexts;
    }

    /// <summary>Bytes written.</summary>
    public readonly int Length => (int)_position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteArrayHeader(int count) => Unsafe.Add(ref _start, _position++) = (byte)(0x90 | count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ulong value)
    {
        if (value < 128)
        {
            Unsafe.Add(ref _start, _position++) = (byte)value;
        }
        else
        {
            WriteLong(value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(long value)
    {
        if ((ulong)(value + 32) < 160)
        {
            Unsafe.Add(ref _start, _position++) = (byte)value;
        }
        else if (value >= 0)
        {
            WriteLong((ulong)value);
        }
        else
        {
            WriteNegative(value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(bool value) => Unsafe.Add(ref _start, _position++) = value ? (byte)0xC3 : (byte)0xC2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDelta(int group, long value)
    {
        ref long context = ref Unsafe.Add(ref _contexts, group);
        Write(value - context);
        context = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteZigZag(long value) => Write((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes a string of at most 65,535 bytes of UTF-8; the caller has made room for it and three bytes more.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        ref byte p = ref Unsafe.Add(ref _start, _position);
        int header;
        if (utf8.Length < 32)
        {
            p = (byte)(0xA0 | utf8.Length);
            header = 1;
        }
        else if (utf8.Length <= byte.MaxValue)
        {
            p = 0xD9;
            Unsafe.Add(ref p, 1) = (byte)utf8.Length;
            header = 2;
        }
        else
        {
            p = 0xDA;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness((ushort)utf8.Length));
            header = 3;
        }
        utf8.CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref p, header), utf8.Length));
        _position += header + utf8.Length;
    }

    private void WriteLong(ulong value)
    {
        ref byte p = ref Unsafe.Add(ref _start, _position);
        if (value <= byte.MaxValue)
        {
            p = 0xCC;
            Unsafe.Add(ref p, 1) = (byte)value;
            _position += 2;
        }
        else if (value <= ushort.MaxValue)
        {
            p = 0xCD;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness((ushort)value));
            _position += 3;
        }
        else if (value <= uint.MaxValue)
        {
            p = 0xCE;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness((uint)value));
            _position += 5;
        }
        else
        {
            p = 0xCF;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness(value));
            _position += 9;
        }
    }

    private void WriteNegative(long value)
    {
        ref byte p = ref Unsafe.Add(ref _start, _position);
        if (value >= sbyte.MinValue)
        {
            p = 0xD0;
            Unsafe.Add(ref p, 1) = (byte)value;
            _position += 2;
        }
        else if (value >= short.MinValue)
        {
            p = 0xD1;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness((short)value));
            _position += 3;
        }
        else if (value >= int.MinValue)
        {
            p = 0xD2;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness((int)value));
            _position += 5;
        }
        else
        {
            p = 0xD3;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness(value));
            _position += 9;
        }
    }
}
