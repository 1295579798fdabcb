using System.Buffers.Binary;
using MessagePack;

namespace Sim.Engine.Log;

/// <summary>
/// What stands before a block's payload: the first 112 bytes of the block's array, every value in a fixed-width
/// MessagePack code, so that a header is found and checked without parsing what precedes it.
/// </summary>
public struct BlockHeader
{
    /// <summary>Length of the header: everything of the block but its payload.</summary>
    public const int Size = 112;

    /// <summary>Elements of the block's array.</summary>
    private const int Elements = 14;

    private const int HeaderCrcAt = 64, PayloadCrcAt = 69, ChainAt = 75, StoredLengthAt = 108;

    // The array's header and every type code, with 0 where a value's bytes go.
    private static ReadOnlySpan<byte> Codes =>
    [
        0x9E, 0xA4, (byte)'e', (byte)'v', (byte)'b', (byte)'1',
        0xCE, 0, 0, 0, 0, 0xCE, 0, 0, 0, 0, 0xCF, 0, 0, 0, 0, 0, 0, 0, 0, 0xCE, 0, 0, 0, 0,
        0xD3, 0, 0, 0, 0, 0, 0, 0, 0, 0xD3, 0, 0, 0, 0, 0, 0, 0, 0, 0xD3, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0xCE, 0, 0, 0, 0, 0xCE, 0, 0, 0, 0, 0xCE, 0, 0, 0, 0, 0xC4, 32,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0xC6, 0, 0, 0, 0,
    ];

    /// <summary>The bytes every block starts with; they occur nowhere else by accident of format.</summary>
    public static ReadOnlySpan<byte> Start => Codes[..7];

    /// <summary>Number of the segment, from 0.</summary>
    public int Segment;

    /// <summary>Number of the block in its segment, from 0.</summary>
    public int Block;

    /// <summary>Sequence of the first event.</summary>
    public long FirstSequence;

    /// <summary>Number of events.</summary>
    public int Count;

    /// <summary>Least event time, in picoseconds.</summary>
    public long MinTimePs;

    /// <summary>Greatest event time, in picoseconds.</summary>
    public long MaxTimePs;

    /// <summary>Greatest event time from the start of the log to the end of this block, in picoseconds.</summary>
    public long RunningMaxTimePs;

    /// <summary>How the payload is stored.</summary>
    public LogCodec Codec;

    /// <summary>Bytes of the events themselves.</summary>
    public int RawLength;

    /// <summary>Bytes of the payload as stored.</summary>
    public int StoredLength;

    /// <summary>CRC-32C of the payload as stored.</summary>
    public uint PayloadCrc;

    /// <summary>The chain's link after this block.</summary>
    public ChainHash ChainHash;

    /// <summary>Writes the header, its CRC included, and moves the buffer's position behind it.</summary>
    internal readonly void Write(FixedBufferWriter buffer)
    {
        Span<byte> header = buffer.GetSpan()[..Size];
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(Elements);
        writer.WriteString("evb1"u8);
        writer.WriteUInt32((uint)Segment);
        writer.WriteUInt32((uint)Block);
        writer.WriteUInt64((ulong)FirstSequence);
        writer.WriteUInt32((uint)Count);
        writer.WriteInt64(MinTimePs);
        writer.WriteInt64(MaxTimePs);
        writer.WriteInt64(RunningMaxTimePs);
        writer.Write((byte)Codec);
        writer.WriteUInt32((uint)RawLength);
        writer.WriteUInt32(0);
        writer.WriteUInt32(PayloadCrc);
        writer.Write((ReadOnlySpan<byte>)ChainHash);
        // WriteBinHeader picks the shortest code; a fixed place needs bin 32.
        Span<byte> bin = writer.GetSpan(5);
        bin[0] = MessagePackCode.Bin32;
        BinaryPrimitives.WriteInt32BigEndian(bin[1..], StoredLength);
        writer.Advance(5);
        writer.Flush();
        BinaryPrimitives.WriteUInt32BigEndian(header[HeaderCrcAt..], Checksum(header));
    }

    /// <summary>
    /// Reads a header: null when it is sound, else what is wrong with it. Sound means that the checksum holds and the
    /// lengths are within bounds, not that the block stands where it belongs.
    /// </summary>
    public static string? TryRead(ReadOnlySpan<byte> bytes, out BlockHeader header)
    {
        header = default;
        if (!HasCodes(bytes))
        {
            return "not a block: the format marker or a type code is wrong";
        }
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[HeaderCrcAt..]) != Checksum(bytes))
        {
            return "the block header's CRC-32C does not match";
        }
        header.Segment = BinaryPrimitives.ReadInt32BigEndian(bytes[7..]);
        header.Block = BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
        header.FirstSequence = BinaryPrimitives.ReadInt64BigEndian(bytes[17..]);
        header.Count = BinaryPrimitives.ReadInt32BigEndian(bytes[26..]);
        header.MinTimePs = BinaryPrimitives.ReadInt64BigEndian(bytes[31..]);
        header.MaxTimePs = BinaryPrimitives.ReadInt64BigEndian(bytes[40..]);
        header.RunningMaxTimePs = BinaryPrimitives.ReadInt64BigEndian(bytes[49..]);
        header.Codec = (LogCodec)bytes[57];
        header.RawLength = BinaryPrimitives.ReadInt32BigEndian(bytes[59..]);
        header.PayloadCrc = BinaryPrimitives.ReadUInt32BigEndian(bytes[PayloadCrcAt..]);
        header.ChainHash = ChainHash.Read(bytes[ChainAt..]);
        header.StoredLength = BinaryPrimitives.ReadInt32BigEndian(bytes[StoredLengthAt..]);
        return header.Bounds();
    }

    /// <summary>True when the bytes, possibly cut short, are what a header may start with.</summary>
    internal static bool HasCodes(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> codes = Codes;
        for (int i = 0; i < Math.Min(bytes.Length, Size); i++)
        {
            if (codes[i] != 0 && codes[i] != bytes[i])
            {
                return false;
            }
        }
        return true;
    }

    private readonly string? Bounds()
    {
        if (Segment < 0 || Block < 0 || FirstSequence < 0 || Count <= 0 || FirstSequence > long.MaxValue - Count)
        {
            return "a number in the block header is out of range";
        }
        if (RawLength is <= 0 or > LogFormat.MaxRawBlockBytes || Count > RawLength)
        {
            return $"the block header gives {RawLength} raw bytes for {Count} events; at most {LogFormat.MaxRawBlockBytes} are allowed";
        }
        if (StoredLength is <= 0 or > LogFormat.MaxStoredBlockBytes || (Codec == LogCodec.None && StoredLength != RawLength))
        {
            return $"the block header gives {StoredLength} stored bytes for {RawLength} raw ones";
        }
        if (Codec is not (LogCodec.None or LogCodec.Snappy))
        {
            return $"the codec {(byte)Codec} is not known";
        }
        return MinTimePs > MaxTimePs || MaxTimePs > RunningMaxTimePs ? "the times in the block header contradict each other" : null;
    }

    private static uint Checksum(ReadOnlySpan<byte> header) =>
        Crc32C.Compute(header[(HeaderCrcAt + 4)..Size], Crc32C.Compute(header[..HeaderCrcAt]));
}
