using System.Numerics;

namespace Parquet;

/// <summary>Bytes being written: an array that grows and is used again and again.</summary>
internal sealed class ByteBuffer
{
    private byte[] _bytes = new byte[256];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for at least <paramref name="length"/> more bytes; <see cref="Advance"/> says how many were written.</summary>
    /// <exception cref="ParquetException">The buffer would exceed what an array can hold (2 GiB).</exception>
    public Span<byte> Reserve(int length)
    {
        long needed = (long)Length + length;
        if (needed > _bytes.Length)
        {
            if (needed > Array.MaxLength)
            {
                throw new ParquetException("A column chunk of a row group exceeds 2 GiB; write smaller row groups.");
            }

            long rounded = Math.Min((long)BitOperations.RoundUpToPowerOf2((ulong)needed), Array.MaxLength);
            Array.Resize(ref _bytes, (int)rounded);
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int length) => Length += length;

    public void Write(byte value)
    {
        Reserve(1)[0] = value;
        Length++;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Overwrites bytes already written.</summary>
    public Span<byte> Patch(int offset, int length) => _bytes.AsSpan(0, Length).Slice(offset, length);

    /// <summary>Seven bits a byte, least significant first; the top bit says that more follow (ULEB128).</summary>
    public void WriteVarint(ulong value)
    {
        Span<byte> target = Reserve(10);
        int length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        Length += length;
    }

    /// <summary>A signed number as a varint: 0, −1, 1, −2 … become 0, 1, 2, 3 …</summary>
    public void WriteZigZag(long value) => WriteVarint((ulong)((value << 1) ^ (value >> 63)));
}
