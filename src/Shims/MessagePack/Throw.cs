using System.Diagnostics.CodeAnalysis;

namespace MessagePack;

/// <summary>Throws from outside the hot methods, so that those stay small enough to inline.</summary>
internal static class Throw
{
    [DoesNotReturn]
    internal static void EndOfData(long offset) =>
        throw new EndOfStreamException($"The data ends before the MessagePack value at byte {offset} does.");

    [DoesNotReturn]
    internal static void UnexpectedCode(byte code, string expected, long offset) => throw new MessagePackSerializationException(
        $"Expected {expected} at byte {offset}, but its code is 0x{code:x2} ({MessagePackCode.ToFormatName(code)}).");

    [DoesNotReturn]
    internal static void Overflow(long offset) =>
        throw new OverflowException($"The MessagePack integer at byte {offset} is outside the range of the type asked for.");

    [DoesNotReturn]
    internal static void TooDeep(int limit, long offset) =>
        throw new InsufficientExecutionStackException($"The MessagePack value at byte {offset} is nested deeper than {limit} arrays and maps.");

    [DoesNotReturn]
    internal static void TooLong(string what, long length, long offset) =>
        throw new MessagePackSerializationException($"The {what} at byte {offset} has {length} bytes, more than {int.MaxValue}.");

    [DoesNotReturn]
    internal static void BadTimestamp(string why) =>
        throw new MessagePackSerializationException($"A MessagePack timestamp {why}.");

    [DoesNotReturn]
    internal static void BufferTooSmall(int asked, int got) =>
        throw new InvalidOperationException($"The buffer writer was asked for {asked} bytes and gave {got}.");
}
