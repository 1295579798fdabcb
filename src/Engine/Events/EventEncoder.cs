using System.Buffers.Binary;
using System.Numerics;
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
            _position += WriteUnsigned(ref Unsafe.Add(ref _start, _position), value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(long value)
    {
        if ((ulong)(value + 32) < 160)
        {
            Unsafe.Add(ref _start, _position++) = (byte)value;
        }
        else
        {
            _position += WriteSigned(ref Unsafe.Add(ref _start, _position), value);
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

    // Lengths of successive values differ too much for branches to be foretold, so there are none: the value is moved to
    // the top of a word, as many of whose bytes count as its size says. The rest is overwritten by what follows.
    // Static and by value, so that an encoder lives in registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int WriteUnsigned(ref byte p, ulong value)
    {
        int size = SizeClass(BitOperations.Log2(value));
        p = (byte)(0xCC + size);
        WriteTop(ref p, value, size);
        return 1 + (1 << size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int WriteSigned(ref byte p, long value)
    {
        long sign = value >> 63;
        int size = SizeClass(BitOperations.Log2((ulong)(value ^ sign)) - (int)sign);
        p = (byte)(0xCC + size + ((int)sign & 4));
        WriteTop(ref p, (ulong)value, size);
        return 1 + (1 << size);
    }

    /// <summary>0 to 3 for values of 1, 2, 4 and 8 bytes, from the number of their highest bit, the sign's included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SizeClass(int highestBit) => 32 - BitOperations.LeadingZeroCount((uint)highestBit >> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteTop(ref byte p, ulong value, int size) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref p, 1), BinaryPrimitives.ReverseEndianness(value << (64 - (8 << size))));
}
