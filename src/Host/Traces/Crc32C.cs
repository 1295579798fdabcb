using System.Buffers.Binary;
using System.Numerics;

namespace Sim.Host.Traces;

/// <summary>CRC-32C (Castagnoli) as RFC 3720 defines it: initial value and final exclusive-or of all ones.</summary>
internal static class Crc32C
{
    internal static uint Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default) =>
        ~Append(Append(~0u, first), second);

    private static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }

        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
