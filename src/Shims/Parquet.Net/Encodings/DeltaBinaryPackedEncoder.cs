using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Parquet.Encodings;

/// <summary>
/// DELTA_BINARY_PACKED (Encodings.md): differences in blocks of 128; each block has its least difference, and per 32 differences
/// the width of what exceeds it. Differences of 32-bit values wrap at 32 bits, so that no width exceeds the type's.
/// </summary>
internal static unsafe class DeltaBinaryPackedEncoder
{
    private const int BlockLength = 128;
    private const int MiniblockCount = 4;
    private const int MiniblockLength = BlockLength / MiniblockCount;
    private const int MaxBlockBytes = 10 + MiniblockCount + (BlockLength * 8) + BitPacker.Slack;

    /// <typeparam name="T"><see cref="int"/> or <see cref="long"/>.</typeparam>
    [SkipLocalsInit]
    public static void Encode<T>(ReadOnlySpan<T> values, ByteBuffer output)
        where T : unmanaged
    {
        output.WriteVarint(BlockLength);
        output.WriteVarint(MiniblockCount);
        output.WriteVarint((uint)values.Length);
        output.WriteZigZag(values.IsEmpty ? 0 : Widen(values[0]));
        ulong* deltas = stackalloc ulong[BlockLength];
        fixed (T* start = &MemoryMarshal.GetReference(values))
        {
            for (int i = 1; i < values.Length; i += BlockLength)
            {
                int count = Math.Min(BlockLength, values.Length - i);
                long least = count == BlockLength
                    ? FullBlockDeltas(start + i, (long*)deltas)
                    : Deltas(start + i, count, (long*)deltas);
                WriteBlock(deltas, count, least, output);
            }
        }
    }

    private static void WriteBlock(ulong* deltas, int count, long least, ByteBuffer output)
    {
        output.WriteZigZag(least);
        fixed (byte* start = output.Reserve(MaxBlockBytes))
        {
            byte* widths = start;
            byte* target = start + MiniblockCount;
            for (int m = 0; m < MiniblockCount; m++)
            {
                ulong* miniblock = deltas + (m * MiniblockLength);
                int width = m * MiniblockLength < count ? ExcessWidth(miniblock, least) : 0;
                widths[m] = (byte)width;
                target = BitPacker.Pack(miniblock, MiniblockLength, width, target);
            }

            output.Advance((int)(target - start));
        }
    }

    /// <summary>Subtracts the block's least difference and returns the bits that the greatest result needs.</summary>
    private static int ExcessWidth(ulong* deltas, long least)
    {
        Vector256<ulong> base4 = Vector256.Create((ulong)least);
        Vector256<ulong> any = Vector256<ulong>.Zero;
        for (int i = 0; i < MiniblockLength; i += Vector256<ulong>.Count)
        {
            Vector256<ulong> excess = Vector256.Load(deltas + i) - base4;
            any |= excess;
            excess.Store(deltas + i);
        }

        ulong bits = any[0] | any[1] | any[2] | any[3];
        return 64 - BitOperations.LeadingZeroCount(bits);
    }

    /// <summary>Differences of 128 values to their predecessors, and the least of them.</summary>
    private static long FullBlockDeltas<T>(T* values, long* deltas)
        where T : unmanaged
    {
        if (typeof(T) == typeof(int))
        {
            Vector256<int> least = Vector256.Create(int.MaxValue);
            for (int i = 0; i < BlockLength; i += Vector256<int>.Count)
            {
                Vector256<int> delta = Vector256.Load((int*)values + i) - Vector256.Load((int*)values + i - 1);
                least = Vector256.Min(least, delta);
                (Vector256<long> low, Vector256<long> high) = Vector256.Widen(delta);
                low.Store(deltas + i);
                high.Store(deltas + i + Vector256<long>.Count);
            }

            int min = least[0];
            for (int i = 1; i < Vector256<int>.Count; i++)
            {
                min = Math.Min(min, least[i]);
            }

            return min;
        }
        else
        {
            Vector256<long> least = Vector256.Create(long.MaxValue);
            for (int i = 0; i < BlockLength; i += Vector256<long>.Count)
            {
                Vector256<long> delta = Vector256.Load((long*)values + i) - Vector256.Load((long*)values + i - 1);
                least = Vector256.Min(least, delta);
                delta.Store(deltas + i);
            }

            return Math.Min(Math.Min(least[0], least[1]), Math.Min(least[2], least[3]));
        }
    }

    /// <summary>As <see cref="FullBlockDeltas"/> for the last, shorter block; the rest is filled up with the least difference.</summary>
    private static long Deltas<T>(T* values, int count, long* deltas)
        where T : unmanaged
    {
        long least = long.MaxValue;
        for (int i = 0; i < count; i++)
        {
            long delta = typeof(T) == typeof(int)
                ? unchecked(((int*)values)[i] - ((int*)values)[i - 1])
                : unchecked(((long*)values)[i] - ((long*)values)[i - 1]);
            deltas[i] = delta;
            least = Math.Min(least, delta);
        }

        new Span<long>(deltas + count, BlockLength - count).Fill(least);
        return least;
    }

    private static long Widen<T>(T value)
        where T : unmanaged =>
        typeof(T) == typeof(int) ? Unsafe.BitCast<T, int>(value) : Unsafe.BitCast<T, long>(value);
}
