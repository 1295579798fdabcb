using System.Buffers;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>Collects what a writer wrote.</summary>
internal static class Encoded
{
    internal delegate void WriteAction(ref MessagePackWriter writer);

    internal static byte[] By(WriteAction write)
    {
        ArrayBufferWriter<byte> buffer = new();
        MessagePackWriter writer = new(buffer);
        write(ref writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The bytes of a few hexadecimal words: spaces are for the reader.</summary>
    internal static byte[] Hex(string words) => Convert.FromHexString(words.Replace(" ", ""));

    /// <summary>A header in hexadecimal, then so many zero bytes.</summary>
    internal static byte[] HexThenZeros(string words, int zeros) => [.. Hex(words), .. new byte[zeros]];
}
