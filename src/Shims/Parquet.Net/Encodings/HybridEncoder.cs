using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parquet.Encodings;

/// <summary>The RLE / bit-packing hybrid (Encodings.md) of dictionary indices and definition levels: repeats become runs, the rest is packed.</summary>
internal static unsafe class HybridEncoder
{
    /// <summary>Packed values come in groups of this many.</summary>
    private const int GroupLength = 8;

    /// <summary>A run costs about this many bits (its own header, value, and the header of what follows), so shorter repeats are packed.</summary>
    private const int RunBits = 40;

    /// <summary>Bits that the numbers 0 … <paramref name="count"/> − 1 need, at least one (some readers reject width 0).</summary>
    public static int WidthOf(int count) => count <= 2 ? 1 : BitOperations.Log2((uint)count - 1) + 1;

    /// <summary>Encodes values below 2^<paramref name="width"/> (1 ≤ width ≤ 31).</summary>
    public static void Encode(ReadOnlySpan<int> values, int width, ByteBuffer output)
    {
        int minRun = Math.Max(GroupLength, ((RunBits / width) + GroupLength - 1) / GroupLength * GroupLength);
        int packedFrom = 0;
        int position = 0;
        while (position < values.Length)
        {
            int run = RunLength(values[position..], minRun);
            if (run >= minRun || (run == values.Length - position && position == packedFrom))
            {
                WritePacked(values[packedFrom..position], width, output);
                WriteRun(values[position], run, width, output);
                position += run;
                packedFrom = position;
            }
            else
            {
                position = Math.Min(position + GroupLength, values.Length);
            }
        }

        WritePacked(values[packedFrom..], width, output);
    }

    /// <summary>How often the first value repeats; where it does not repeat enough for a run, any smaller number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RunLength(ReadOnlySpan<int> values, int minRun)
    {
        int first = values[0];
        if (values.Length > 1 && values[1] != first)
        {
            return 1;
        }

        if (values.Length >= minRun && values[minRun - 1] != first)
        {
            return 1;
        }

        int end = values.IndexOfAnyExcept(first);
        return end < 0 ? values.Length : end;
    }

    private static void WriteRun(int value, int length, int width, ByteBuffer output)
    {
        output.WriteVarint((uint)length << 1);
        for (int bit = 0; bit < width; bit += 8)
        {
            output.Write((byte)(value >> bit));
        }
    }

    [SkipLocalsInit]
    private static void WritePacked(ReadOnlySpan<int> values, int width, ByteBuffer output)
    {
        if (values.IsEmpty)
        {
            return;
        }

        const int ChunkLength = 256;
        ulong* chunk = stackalloc ulong[ChunkLength];
        int groups = (values.Length + GroupLength - 1) / GroupLength;
        output.WriteVarint(((uint)groups << 1) | 1);
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, ChunkLength);
            int padded = (count + GroupLength - 1) / GroupLength * GroupLength;
            ref int source = ref MemoryMarshal.GetReference(values);
            for (int i = 0; i < count; i++)
            {
                chunk[i] = (uint)Unsafe.Add(ref source, i);
            }

            new Span<ulong>(chunk + count, padded - count).Clear();
            fixed (byte* target = output.Reserve((padded * width / 8) + BitPacker.Slack))
            {
                output.Advance((int)(BitPacker.Pack(chunk, padded, width, target) - target));
            }

            values = values[count..];
        }
    }
}
