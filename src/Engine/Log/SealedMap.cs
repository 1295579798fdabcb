using System.Buffers.Binary;
using MessagePack;

namespace Sim.Engine.Log;

/// <summary>
/// What header and footer maps share, those of snapshots too: keys in a fixed order, the map's own length in a fixed-width code at a known
/// place, and a CRC-32C of everything before it as the last four bytes.
/// </summary>
internal static class SealedMap
{
    /// <summary>The last entries of a footer: <c>"bytes" uint32, "crc" uint32</c>.</summary>
    public const int FooterTailBytes = 6 + 5 + 4 + 5;

    /// <summary>Where a header's length stands: behind <c>"format" "sim.evlog" "version" 1 "bytes" 0xCE</c>.</summary>
    public const int HeaderLengthAt = 36;

    private static ReadOnlySpan<byte> BytesKey => [0xA5, (byte)'b', (byte)'y', (byte)'t', (byte)'e', (byte)'s', 0xCE];

    private static ReadOnlySpan<byte> CrcKey => [0xA3, (byte)'c', (byte)'r', (byte)'c', 0xCE];

    /// <summary>Fills in the length and the checksum, both written as zero.</summary>
    public static byte[] Finish(byte[] map, int lengthAt)
    {
        BinaryPrimitives.WriteInt32BigEndian(map.AsSpan(lengthAt), map.Length);
        BinaryPrimitives.WriteUInt32BigEndian(map.AsSpan(map.Length - 4), Crc32C.Compute(map.AsSpan(0, map.Length - 4)));
        return map;
    }

    /// <summary>A header's length from its first bytes; 0 when they are not a header's.</summary>
    public static int LengthOfHeader(ReadOnlySpan<byte> start) =>
        start.Length >= HeaderLengthAt + 4 && start[(HeaderLengthAt - BytesKey.Length)..HeaderLengthAt].SequenceEqual(BytesKey)
            ? BinaryPrimitives.ReadInt32BigEndian(start[HeaderLengthAt..])
            : 0;

    /// <summary>A footer's length from the last bytes of its file; 0 when they are not a footer's.</summary>
    public static int LengthOfFooter(ReadOnlySpan<byte> tail) =>
        tail.Length == FooterTailBytes && tail[..7].SequenceEqual(BytesKey) && tail[11..16].SequenceEqual(CrcKey)
            ? BinaryPrimitives.ReadInt32BigEndian(tail[7..])
            : 0;

    /// <summary>True when the checksum at a map's end holds.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> map) =>
        BinaryPrimitives.ReadUInt32BigEndian(map[^4..]) == Crc32C.Compute(map[..^4]);

    /// <summary>True for what the MessagePack reader throws on bytes that are not what was asked for.</summary>
    public static bool IsBadBytes(Exception e) =>
        e is MessagePackSerializationException or EndOfStreamException or OverflowException;

    /// <summary>Reads the next key.</summary>
    /// <exception cref="CorruptLogException">It is another one.</exception>
    public static void Key(ref MessagePackReader reader, string key)
    {
        string? found = reader.ReadString();
        if (found != key)
        {
            throw new CorruptLogException($"the entry '{key}' is missing");
        }
    }

    /// <summary>Reads a string that must be there.</summary>
    public static string Text(ref MessagePackReader reader) =>
        reader.ReadString() ?? throw new CorruptLogException("a string is nil");

    /// <summary>Writes a chain hash.</summary>
    public static void Write(ref MessagePackWriter writer, ChainHash hash) => writer.Write((ReadOnlySpan<byte>)hash);

    /// <summary>Reads a chain hash.</summary>
    public static ChainHash Hash(ref MessagePackReader reader)
    {
        if (reader.ReadBytes() is not { Length: ChainHash.Size } bytes)
        {
            throw new CorruptLogException("a chain hash does not have 32 bytes");
        }
        Span<byte> copy = stackalloc byte[ChainHash.Size];
        System.Buffers.BuffersExtensions.CopyTo(bytes, copy);
        return ChainHash.Read(copy);
    }

    /// <summary>Writes the entries of whoever's log it is.</summary>
    public static void Write(ref MessagePackWriter writer, LogIdentity identity)
    {
        writer.Write("runId");
        writer.Write(identity.RunId);
        writer.Write("engineVersion");
        writer.Write(identity.EngineVersion);
        writer.Write("configHash");
        writer.Write(identity.ConfigHash);
        writer.Write("seed");
        writer.Write(identity.Seed);
    }

    /// <summary>Reads them.</summary>
    public static LogIdentity Identity(ref MessagePackReader reader)
    {
        Key(ref reader, "runId");
        string runId = Text(ref reader);
        Key(ref reader, "engineVersion");
        string engineVersion = Text(ref reader);
        Key(ref reader, "configHash");
        string configHash = Text(ref reader);
        Key(ref reader, "seed");
        return new LogIdentity(runId, engineVersion, configHash, reader.ReadUInt64());
    }

    /// <summary>Reads the header of an array of at most <paramref name="most"/> elements.</summary>
    public static int ArrayOfAtMost(ref MessagePackReader reader, int most)
    {
        int count = reader.ReadArrayHeader();
        return count <= most ? count : throw new CorruptLogException($"an array has {count} elements; at most {most} are allowed");
    }
}
