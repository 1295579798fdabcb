using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Parquet.Encodings;

/// <summary>PLAIN (Encodings.md): numbers little-endian, booleans a bit each.</summary>
internal static class PlainEncoding
{
    /// <typeparam name="T"><see cref="bool"/>, <see cref="int"/>, <see cref="long"/> or <see cref="double"/>.</typeparam>
    public static void Encode<T>(ReadOnlySpan<T> values, ByteBuffer output)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        if (typeof(T) == typeof(bool))
        {
            EncodeBooleans(bytes, output);
        }
        else
        {
            output.Write(bytes);
        }
    }

    /// <exception cref="ParquetException">There are fewer bytes than values.</exception>
    public static void Decode<T>(ReadOnlySpan<byte> input, Span<T> values)
        where T : unmanaged
    {
        var reader = new EncodedReader(input);
        Span<byte> target = MemoryMarshal.AsBytes(values);
        if (typeof(T) == typeof(bool))
        {
            ReadOnlySpan<byte> bits = reader.Take(((long)values.Length + 7) / 8);
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = (byte)((bits[i >> 3] >> (i & 7)) & 1);
            }
        }
        else
        {
            reader.Take(target.Length).CopyTo(target);
        }
    }

    private static void EncodeBooleans(ReadOnlySpan<byte> values, ByteBuffer output)
    {
        // Gathers the lowest bit of each of eight bytes into the product's top byte.
        const ulong Gather = 0x0102040810204080;
        const ulong LowestBits = 0x0101010101010101;
        int length = (values.Length + 7) / 8;
        Span<byte> target = output.Reserve(length);
        int full = values.Length / 8;
        for (int i = 0; i < full; i++)
        {
            target[i] = (byte)(((BinaryPrimitives.ReadUInt64LittleEndian(values[(i * 8)..]) & LowestBits) * Gather) >> 56);
        }

        if (full < length)
        {
            int last = 0;
            for (int i = full * 8; i < values.Length; i++)
            {
                last |= (values[i] & 1) << (i & 7);
            }

            target[full] = (byte)last;
        }

        output.Advance(length);
    }
}
