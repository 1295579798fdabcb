using System.Buffers;
using System.Runtime.CompilerServices;
using static MessagePack.MessagePackPrimitives;

namespace MessagePack;

public ref partial struct MessagePackReader
{
    private const int MaxSkipDepth = 500;

    /// <summary>What <see cref="SkipToken"/> returns for a value that encloses none.</summary>
    private const long NoContents = -1;

    /// <summary>
    /// The whole size of a value whose code alone tells it, and 0 for the others: one entry for every code from 0xc0 to 0xdf.
    /// </summary>
    private static ReadOnlySpan<byte> Sizes =>
    [
        1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9,
        2, 3, 5, 9, 3, 4, 6, 10, 18, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>Passes over the next value with all that it encloses.</summary>
    /// <exception cref="InsufficientExecutionStackException">
    /// More than <see cref="MessagePackSecurity.MaximumObjectGraphDepth"/> arrays and maps enclose one another, with those that <see cref="Depth"/> counts.
    /// </exception>
    public void Skip()
    {
        if (NextMessagePackType is not (MessagePackType.Array or MessagePackType.Map))
        {
            SkipToken();
            return;
        }

        MessagePackReader ahead = this;
        ahead.SkipNested(ahead.SkipToken());
        this = ahead;
    }

    /// <summary>Reads the next value, with all that it encloses, as it stands. The result is a slice of what the reader was given.</summary>
    public ReadOnlySequence<byte> ReadRaw()
    {
        MessagePackReader ahead = this;
        ahead.Skip();
        return Take(ahead.Consumed - Consumed);
    }

    /// <summary>Reads bytes without looking at them. The result is a slice of what the reader was given.</summary>
    public ReadOnlySequence<byte> ReadRaw(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Require(0, length);
        return Take(length);
    }

    /// <summary>Passes over the contents of an array or a map, with a counter for each level instead of recursion.</summary>
    [SkipLocalsInit]
    private void SkipNested(long contents)
    {
        Span<long> left = stackalloc long[MaxSkipDepth];
        int limit = MaxSkipDepth - Depth;
        int level = 0;
        while (true)
        {
            if (contents != NoContents)
            {
                if (level >= limit)
                {
                    Throw.TooDeep(MaxSkipDepth, Consumed);
                }

                left[level++] = contents;
            }

            while (left[level - 1] == 0)
            {
                if (--level == 0)
                {
                    return;
                }
            }

            left[level - 1]--;
            contents = SkipToken();
        }
    }

    /// <summary>
    /// Passes over a value that encloses none, or over the header of an array or a map; returns how many values that one encloses,
    /// which are at most as many as there are bytes left.
    /// </summary>
    [SkipLocalsInit]
    private long SkipToken()
    {
        byte code = NextCode;
        int size = code switch
        {
            <= MessagePackCode.MaxFixInt or >= MessagePackCode.MinNegativeFixInt => 1,
            < MessagePackCode.MinFixStr => 0,
            <= MessagePackCode.MaxFixStr => 1 + code - MessagePackCode.MinFixStr,
            _ => Sizes[code - MessagePackCode.Nil],
        };
        if (size > 0)
        {
            Require(size, 0);
            Advance(size);
            return NoContents;
        }

        ReadOnlySpan<byte> ahead = Ahead(stackalloc byte[MaxHeaderSize]);
        long leastBytes;
        long contents = NoContents;
        DecodeResult result;
        switch (MessagePackCode.ToMessagePackType(code))
        {
            case MessagePackType.Array:
                result = MessagePackPrimitives.TryReadArrayHeader(ahead, out uint elements, out size);
                leastBytes = contents = elements;
                break;
            case MessagePackType.Map:
                result = MessagePackPrimitives.TryReadMapHeader(ahead, out uint pairs, out size);
                leastBytes = contents = 2L * pairs;
                break;
            case MessagePackType.String:
                result = TryReadStringHeader(ahead, out uint stringBytes, out size);
                leastBytes = stringBytes;
                break;
            case MessagePackType.Binary:
                result = TryReadBinHeader(ahead, out uint binaryBytes, out size);
                leastBytes = binaryBytes;
                break;
            case MessagePackType.Extension:
                result = TryReadExtensionHeader(ahead, out ExtensionHeader header, out size);
                leastBytes = header.Length;
                break;
            default:
                Throw.UnexpectedCode(code, "a value", Consumed);
                return NoContents;
        }

        if (result != DecodeResult.Success)
        {
            Refuse(result, "a value");
        }

        Require(size, leastBytes);
        Advance(contents == NoContents ? size + leastBytes : size);
        return contents;
    }
}
