namespace MessagePack;

public static partial class MessagePackPrimitives
{
    /// <summary>Reads the header of an array: the number of elements that follow.</summary>
    public static DecodeResult TryReadArrayHeader(ReadOnlySpan<byte> source, out uint count, out int tokenSize) =>
        DecodeLength(source, MessagePackCode.MinFixArray, MessagePackCode.MaxFixArray, MessagePackCode.Array16, sizeof(ushort), out count, out tokenSize);

    /// <summary>Reads the header of a map: the number of pairs that follow.</summary>
    public static DecodeResult TryReadMapHeader(ReadOnlySpan<byte> source, out uint count, out int tokenSize) =>
        DecodeLength(source, MessagePackCode.MinFixMap, MessagePackCode.MaxFixMap, MessagePackCode.Map16, sizeof(ushort), out count, out tokenSize);

    /// <summary>Reads the header of binary data: the number of bytes that follow.</summary>
    public static DecodeResult TryReadBinHeader(ReadOnlySpan<byte> source, out uint length, out int tokenSize) =>
        DecodeLength(source, 1, 0, MessagePackCode.Bin8, sizeof(byte), out length, out tokenSize);

    /// <summary>Reads the header of a string: the number of bytes of UTF-8 that follow.</summary>
    public static DecodeResult TryReadStringHeader(ReadOnlySpan<byte> source, out uint length, out int tokenSize) =>
        DecodeLength(source, MessagePackCode.MinFixStr, MessagePackCode.MaxFixStr, MessagePackCode.Str8, sizeof(byte), out length, out tokenSize);

    /// <summary>Reads the header of an extension: its type and the number of bytes that follow.</summary>
    public static DecodeResult TryReadExtensionHeader(ReadOnlySpan<byte> source, out ExtensionHeader extensionHeader, out int tokenSize)
    {
        extensionHeader = default;
        tokenSize = 1;
        if (source.IsEmpty)
        {
            return DecodeResult.EmptyBuffer;
        }

        uint length;
        uint fixedFormat = (uint)source[0] - MessagePackCode.FixExt1;
        if (fixedFormat <= MessagePackCode.FixExt16 - MessagePackCode.FixExt1)
        {
            length = 1u << (int)fixedFormat;
        }
        else
        {
            // Behind the length stands the type, which the token counts as its own.
            DecodeResult result = DecodeLength(source, 1, 0, MessagePackCode.Ext8, sizeof(byte), out length, out tokenSize);
            if (result == DecodeResult.InsufficientBuffer)
            {
                tokenSize++;
            }

            if (result != DecodeResult.Success)
            {
                return result;
            }
        }

        tokenSize++;
        if (source.Length < tokenSize)
        {
            return DecodeResult.InsufficientBuffer;
        }

        extensionHeader = new ExtensionHeader((sbyte)source[tokenSize - 1], length);
        return DecodeResult.Success;
    }

    /// <summary>
    /// Reads a length held either in the code itself, <paramref name="minFix"/> to <paramref name="maxFix"/> (an empty range where there is
    /// no such form), or behind one of the codes from <paramref name="firstCode"/> on, in <paramref name="firstWidth"/> bytes and then
    /// twice as many for each further code, up to four.
    /// </summary>
    private static DecodeResult DecodeLength(
        ReadOnlySpan<byte> source, byte minFix, byte maxFix, byte firstCode, int firstWidth, out uint length, out int tokenSize)
    {
        length = 0;
        tokenSize = 1;
        if (source.IsEmpty)
        {
            return DecodeResult.EmptyBuffer;
        }

        byte code = source[0];
        if (code >= minFix && code <= maxFix)
        {
            length = (uint)(code - minFix);
            return DecodeResult.Success;
        }

        if (code < firstCode || code - firstCode > 2 || firstWidth << (code - firstCode) > sizeof(uint))
        {
            return DecodeResult.TokenMismatch;
        }

        int width = firstWidth << (code - firstCode);
        tokenSize = 1 + width;
        if (source.Length < tokenSize)
        {
            return DecodeResult.InsufficientBuffer;
        }

        length = (uint)(Payload(source, width) >> (64 - (8 * width)));
        return DecodeResult.Success;
    }
}
