using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Snappier;

/// <summary>Decoder of Snappy blocks. Every length and offset is checked against both buffers before it is used.</summary>
internal static unsafe class SnappyDecompressor
{
    /// <summary>Reads the varint at the start of a block.</summary>
    public static int ReadLength(ReadOnlySpan<byte> input, out int headerLength)
    {
        ulong length = 0;
        for (int i = 0; i < input.Length && i < 5; i++)
        {
            length |= (ulong)(input[i] & 0x7F) << (7 * i);
            if (input[i] < 0x80)
            {
                headerLength = i + 1;
                return length <= int.MaxValue ? (int)length : throw new InvalidDataException($"Snappy block of {length} bytes is larger than 2 GiB.");
            }
        }

        throw new InvalidDataException("Snappy block does not start with its length.");
    }

    /// <summary>Decodes the elements in <paramref name="input"/>, which must give exactly the bytes of <paramref name="output"/>.</summary>
    public static void Decompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        fixed (byte* inputStart = &MemoryMarshal.GetReference(input))
        fixed (byte* outputStart = &MemoryMarshal.GetReference(output))
        {
            byte* source = inputStart;
            byte* sourceEnd = inputStart + input.Length;
            byte* target = outputStart;
            byte* targetEnd = outputStart + output.Length;
            while (source < sourceEnd)
            {
                int tag = *source++;
                if ((tag & 3) == 0)
                {
                    long length = LiteralLength(tag, ref source, sourceEnd);
                    if (length > sourceEnd - source || length > targetEnd - target)
                    {
                        throw Damaged("a literal is longer than the block", source - inputStart);
                    }

                    if (length <= 16 && sourceEnd - source >= 16 && targetEnd - target >= 16)
                    {
                        CopySixteen(source, target);
                    }
                    else
                    {
                        Buffer.MemoryCopy(source, target, length, length);
                    }

                    source += length;
                    target += length;
                }
                else
                {
                    int length = CopyElement(tag, ref source, sourceEnd, out uint offset);
                    if (length < 0 || offset == 0 || offset > target - outputStart || length > targetEnd - target)
                    {
                        throw Damaged("a back reference points outside the block", source - inputStart);
                    }

                    Repeat(target, offset, length, targetEnd);
                    target += length;
                }
            }

            if (target != targetEnd)
            {
                throw Damaged($"it ends after {target - outputStart} of {output.Length} bytes", input.Length);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long LiteralLength(int tag, ref byte* source, byte* sourceEnd)
    {
        int code = tag >> 2;
        if (code < 60)
        {
            return code + 1;
        }

        int bytes = code - 59;
        if (sourceEnd - source < bytes)
        {
            return long.MaxValue;
        }

        long length = 0;
        for (int i = 0; i < bytes; i++)
        {
            length |= (long)source[i] << (8 * i);
        }

        source += bytes;
        return length + 1;
    }

    /// <summary>Length and offset of a back reference; length −1 if the element is cut off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CopyElement(int tag, ref byte* source, byte* sourceEnd, out uint offset)
    {
        int kind = tag & 3;
        int bytes = kind == 3 ? 4 : kind;
        if (sourceEnd - source < bytes)
        {
            offset = 0;
            return -1;
        }

        int length = (tag >> 2) + 1;
        if (kind == 1)
        {
            offset = ((uint)(tag >> 5) << 8) | *source;
            length = ((tag >> 2) & 7) + 4;
        }
        else
        {
            offset = kind == 2 ? *(ushort*)source : *(uint*)source;
        }

        source += bytes;
        return length;
    }

    /// <summary>Copies within the output; the ranges may overlap, which repeats the last <paramref name="offset"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Repeat(byte* target, uint offset, int length, byte* targetEnd)
    {
        // Whole words may be written past the copy's end as long as the buffer goes on: later elements overwrite them.
        const int Overrun = 80;
        byte* from = target - offset;
        if (targetEnd - target < Overrun)
        {
            for (int i = 0; i < length; i++)
            {
                target[i] = from[i];
            }
        }
        else if (offset >= 16)
        {
            for (int i = 0; i < length; i += 16)
            {
                CopySixteen(from + i, target + i);
            }
        }
        else if (offset >= 8)
        {
            for (int i = 0; i < length; i += 8)
            {
                *(ulong*)(target + i) = *(ulong*)(from + i);
            }
        }
        else
        {
            for (int i = 0; i < 16; i++)
            {
                target[i] = from[i];
            }

            // A multiple of the offset that is at least a word: the pattern has that period too.
            long period = offset * (16 / offset);
            for (int i = 16; i < length; i += 8)
            {
                *(ulong*)(target + i) = *(ulong*)(target + i - period);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopySixteen(byte* from, byte* to)
    {
        ulong low = *(ulong*)from;
        ulong high = *(ulong*)(from + 8);
        *(ulong*)to = low;
        *(ulong*)(to + 8) = high;
    }

    private static InvalidDataException Damaged(string what, long offset) =>
        new($"Damaged Snappy block: {what} (near byte {offset} of its elements).");
}
