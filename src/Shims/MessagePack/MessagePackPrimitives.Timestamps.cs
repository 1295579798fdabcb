using System.Buffers.Binary;

namespace MessagePack;

public static partial class MessagePackPrimitives
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const int NanosecondsPerTick = 100;

    /// <summary>
    /// Writes an instant as the shortest timestamp that holds it: 4 bytes of seconds, 8 with nanoseconds until the year 2514, else 12.
    /// A local time is converted to UTC; one of unspecified kind is taken as UTC.
    /// </summary>
    public static bool TryWrite(Span<byte> destination, DateTime value, out int bytesWritten)
    {
        Span<byte> scratch = stackalloc byte[MaxTimestampSize];
        return TryCopy(scratch[..EncodeTimestamp(scratch, value)], destination, out bytesWritten);
    }

    /// <summary>Reads a timestamp as an instant of kind UTC; nanoseconds below a tick of 100 ns are dropped.</summary>
    /// <exception cref="MessagePackSerializationException">It has a second or more of nanoseconds, or lies outside the years 1 to 9999.</exception>
    public static DecodeResult TryReadDateTime(ReadOnlySpan<byte> source, out DateTime value, out int tokenSize)
    {
        value = default;
        DecodeResult result = TryReadExtensionHeader(source, out ExtensionHeader header, out tokenSize);
        if (result != DecodeResult.Success)
        {
            return result;
        }

        result = TryReadDateTime(source[tokenSize..], header, out value, out int payloadSize);
        tokenSize += payloadSize;
        return result;
    }

    /// <inheritdoc cref="TryReadDateTime(ReadOnlySpan{byte}, out DateTime, out int)"/>
    /// <remarks>Reads what follows a header that the caller has read.</remarks>
    public static DecodeResult TryReadDateTime(ReadOnlySpan<byte> source, ExtensionHeader header, out DateTime value, out int tokenSize)
    {
        value = default;
        tokenSize = 0;
        if (header.TypeCode != ReservedMessagePackExtensionTypeCode.DateTime || header.Length is not (4 or 8 or 12))
        {
            return DecodeResult.TokenMismatch;
        }

        tokenSize = (int)header.Length;
        if (source.Length < tokenSize)
        {
            return DecodeResult.InsufficientBuffer;
        }

        long seconds;
        uint nanoseconds = 0;
        switch (tokenSize)
        {
            case 4:
                seconds = BinaryPrimitives.ReadUInt32BigEndian(source);
                break;
            case 8:
                ulong packed = BinaryPrimitives.ReadUInt64BigEndian(source);
                nanoseconds = (uint)(packed >> 34);
                seconds = (long)(packed & ((1UL << 34) - 1));
                break;
            default:
                nanoseconds = BinaryPrimitives.ReadUInt32BigEndian(source);
                seconds = BinaryPrimitives.ReadInt64BigEndian(source[sizeof(uint)..]);
                break;
        }

        value = ToDateTime(seconds, nanoseconds);
        return DecodeResult.Success;
    }

    private static int EncodeTimestamp(Span<byte> destination, DateTime value)
    {
        if (value.Kind == DateTimeKind.Local)
        {
            value = value.ToUniversalTime();
        }

        // The number of seconds is rounded down, so that the nanoseconds are never negative.
        long ticks = value.Ticks - DateTime.UnixEpoch.Ticks;
        long seconds = ticks >= 0 ? ticks / TimeSpan.TicksPerSecond : ((ticks + 1) / TimeSpan.TicksPerSecond) - 1;
        uint nanoseconds = (uint)(ticks - (seconds * TimeSpan.TicksPerSecond)) * NanosecondsPerTick;
        if (nanoseconds == 0 && seconds is >= 0 and <= uint.MaxValue)
        {
            destination[0] = MessagePackCode.FixExt4;
            destination[1] = unchecked((byte)ReservedMessagePackExtensionTypeCode.DateTime);
            BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)seconds);
            return 6;
        }

        if (seconds is >= 0 and < 1L << 34)
        {
            destination[0] = MessagePackCode.FixExt8;
            destination[1] = unchecked((byte)ReservedMessagePackExtensionTypeCode.DateTime);
            BinaryPrimitives.WriteUInt64BigEndian(destination[2..], ((ulong)nanoseconds << 34) | (ulong)seconds);
            return 10;
        }

        destination[0] = MessagePackCode.Ext8;
        destination[1] = 12;
        destination[2] = unchecked((byte)ReservedMessagePackExtensionTypeCode.DateTime);
        BinaryPrimitives.WriteUInt32BigEndian(destination[3..], nanoseconds);
        BinaryPrimitives.WriteInt64BigEndian(destination[7..], seconds);
        return MaxTimestampSize;
    }

    private static DateTime ToDateTime(long seconds, uint nanoseconds)
    {
        if (nanoseconds >= NanosecondsPerSecond)
        {
            Throw.BadTimestamp($"has {nanoseconds} nanoseconds, a second or more");
        }

        long first = (DateTime.MinValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        long last = (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        if (seconds < first || seconds > last)
        {
            Throw.BadTimestamp($"is {seconds} s from 1970, outside the years 1 to 9999");
        }

        return DateTime.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + (nanoseconds / NanosecondsPerTick));
    }
}
