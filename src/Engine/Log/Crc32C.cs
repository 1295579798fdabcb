using System.Numerics;
using System.Runtime.InteropServices;

namespace Sim.Engine.Log;

/// <summary>
/// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): the checksum of headers, footers and stored payloads. Finds
/// every change of up to 32 neighbouring bits, so every change of a single byte.
/// </summary>
public static class Crc32C
{
    /// <summary>The checksum of a span, or of spans one after another when the result so far is handed in.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="soFar">Checksum of what precedes them; 0 when nothing does.</param>
    public static uint Compute(ReadOnlySpan<byte> data, uint soFar = 0)
    {
        uint crc = ~soFar;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word));
        }
        foreach (byte b in data[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }
        return ~crc;
    }
}
