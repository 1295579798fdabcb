using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parquet.Pages;

/// <summary>CRC-32 as gzip uses it (polynomial 0x04C11DB7, reflected), which page headers carry. Eight bytes a step, by eight tables.</summary>
internal static class Crc32
{
    private const uint ReflectedPolynomial = 0xEDB88320;
    private static readonly uint[] s_tables = BuildTables();

    public static int Of(ReadOnlySpan<byte> bytes)
    {
        ref uint tables = ref MemoryMarshal.GetArrayDataReference(s_tables);
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc = Entry(ref tables, 7, word) ^ Entry(ref tables, 6, word >> 8) ^ Entry(ref tables, 5, word >> 16) ^ Entry(ref tables, 4, word >> 24)
                ^ Entry(ref tables, 3, word >> 32) ^ Entry(ref tables, 2, word >> 40) ^ Entry(ref tables, 1, word >> 48) ^ Entry(ref tables, 0, word >> 56);
            bytes = bytes[8..];
        }

        foreach (byte value in bytes)
        {
            crc = Entry(ref tables, 0, crc ^ value) ^ (crc >> 8);
        }

        return (int)~crc;
    }

    private static uint Entry(ref uint tables, int table, ulong index) =>
        Unsafe.Add(ref tables, (table << 8) | (byte)index);

    /// <summary>Table k gives the effect of a byte that k more bytes follow.</summary>
    private static uint[] BuildTables()
    {
        uint[] tables = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * ReflectedPolynomial);
            }

            tables[i] = crc;
        }

        for (int i = 256; i < tables.Length; i++)
        {
            uint shorter = tables[i - 256];
            tables[i] = tables[shorter & 0xFF] ^ (shorter >> 8);
        }

        return tables;
    }
}
