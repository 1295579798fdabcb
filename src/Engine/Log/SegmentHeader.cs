using System.Buffers;
using MessagePack;
using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>The map at a segment's start: which run it belongs to, where in the log it stands, and what its events mean.</summary>
public sealed record SegmentHeader
{
    private const int Entries = 16;

    /// <summary>The bytes every header starts with.</summary>
    public static ReadOnlySpan<byte> Start =>
        [0xDE, 0, Entries, 0xA6, (byte)'f', (byte)'o', (byte)'r', (byte)'m', (byte)'a', (byte)'t',
         0xA9, (byte)'s', (byte)'i', (byte)'m', (byte)'.', (byte)'e', (byte)'v', (byte)'l', (byte)'o', (byte)'g'];

    /// <summary>The run.</summary>
    public required LogIdentity Identity { get; init; }

    /// <summary>Number of the segment, from 0.</summary>
    public required int Segment { get; init; }

    /// <summary>Sequence of its first event.</summary>
    public required long FirstSequence { get; init; }

    /// <summary>The chain's last link before its first block.</summary>
    public required ChainHash ChainHash { get; init; }

    /// <summary>Greatest event time before its first block, in picoseconds; 0 at the start of the log.</summary>
    public required long RunningMaxTimePs { get; init; }

    /// <summary>How payloads are stored; a block that would not shrink is stored as it is.</summary>
    public required LogCodec Codec { get; init; }

    /// <summary>A block that finds at least this many raw bytes in its segment starts the next one.</summary>
    public required long SegmentRawBytes { get; init; }

    /// <summary>Categories of events that are logged.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>Every kind of event the writing build knew, by ascending number.</summary>
    public required IReadOnlyList<EventDescriptor> Catalogue { get; init; }

    /// <summary>The map's bytes.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        var writer = new MessagePackWriter(buffer);
        writer.WriteMapHeader(Entries);
        writer.Write("format");
        writer.Write(LogFormat.Marker);
        writer.Write("version");
        writer.Write(LogFormat.Version);
        writer.Write("bytes");
        writer.WriteUInt32(0);
        SealedMap.Write(ref writer, Identity);
        writer.Write("segment");
        writer.Write(Segment);
        writer.Write("firstSequence");
        writer.Write(FirstSequence);
        writer.Write("chainHash");
        SealedMap.Write(ref writer, ChainHash);
        writer.Write("maxTimePs");
        writer.Write(RunningMaxTimePs);
        writer.Write("codec");
        writer.Write(Codec == LogCodec.Snappy ? "snappy" : "none");
        writer.Write("segmentRawBytes");
        writer.Write(SegmentRawBytes);
        writer.Write("categories");
        writer.WriteArrayHeader(Categories.Count);
        foreach (string category in Categories)
        {
            writer.Write(category);
        }
        writer.Write("catalogue");
        CatalogueCodec.Write(ref writer, Catalogue);
        writer.Write("crc");
        writer.WriteUInt32(0);
        writer.Flush();
        return SealedMap.Finish(buffer.WrittenSpan.ToArray(), SealedMap.HeaderLengthAt);
    }

    /// <summary>Reads the map from exactly its bytes, whose checksum the caller has not yet looked at.</summary>
    /// <exception cref="CorruptLogException">The bytes are not a header.</exception>
    /// <exception cref="IncompatibleLogException">The format version is another.</exception>
    public static SegmentHeader Decode(byte[] bytes)
    {
        if (!SealedMap.IsIntact(bytes))
        {
            throw new CorruptLogException("the segment header's CRC-32C does not match");
        }
        var reader = new MessagePackReader(bytes);
        try
        {
            SegmentHeader header = Read(ref reader);
            return reader.Consumed == bytes.Length ? header : throw new CorruptLogException("the segment header's length is wrong");
        }
        catch (Exception e) when (SealedMap.IsBadBytes(e))
        {
            throw new CorruptLogException($"the segment header is malformed: {e.Message}");
        }
    }

    private static SegmentHeader Read(ref MessagePackReader reader)
    {
        int entries = reader.ReadMapHeader();
        SealedMap.Key(ref reader, "format");
        if (SealedMap.Text(ref reader) != LogFormat.Marker)
        {
            throw new CorruptLogException("not a log segment: the format marker is wrong");
        }
        SealedMap.Key(ref reader, "version");
        int version = reader.ReadInt32();
        if (version != LogFormat.Version)
        {
            throw new IncompatibleLogException(
                $"The log has format version {version}; this build reads version {LogFormat.Version}. Use the build that wrote it.");
        }
        if (entries != Entries)
        {
            throw new CorruptLogException($"the segment header has {entries} entries, expected {Entries}");
        }
        SealedMap.Key(ref reader, "bytes");
        _ = reader.ReadInt32();
        LogIdentity identity = SealedMap.Identity(ref reader);
        SealedMap.Key(ref reader, "segment");
        int segment = reader.ReadInt32();
        SealedMap.Key(ref reader, "firstSequence");
        long firstSequence = reader.ReadInt64();
        SealedMap.Key(ref reader, "chainHash");
        ChainHash chainHash = SealedMap.Hash(ref reader);
        SealedMap.Key(ref reader, "maxTimePs");
        long runningMaxTimePs = reader.ReadInt64();
        SealedMap.Key(ref reader, "codec");
        LogCodec codec = SealedMap.Text(ref reader) switch
        {
            "none" => LogCodec.None,
            "snappy" => LogCodec.Snappy,
            var other => throw new CorruptLogException($"the codec '{other}' is not known"),
        };
        SealedMap.Key(ref reader, "segmentRawBytes");
        long segmentRawBytes = reader.ReadInt64();
        SealedMap.Key(ref reader, "categories");
        var categories = new string[SealedMap.ArrayOfAtMost(ref reader, EventCatalogue.MaxKinds)];
        for (int i = 0; i < categories.Length; i++)
        {
            categories[i] = SealedMap.Text(ref reader);
        }
        SealedMap.Key(ref reader, "catalogue");
        EventDescriptor[] catalogue = CatalogueCodec.Read(ref reader);
        SealedMap.Key(ref reader, "crc");
        _ = reader.ReadUInt32();
        if (segment < 0 || firstSequence < 0 || segmentRawBytes <= 0)
        {
            throw new CorruptLogException("a number in the segment header is out of range");
        }
        return new SegmentHeader
        {
            Identity = identity,
            Segment = segment,
            FirstSequence = firstSequence,
            ChainHash = chainHash,
            RunningMaxTimePs = runningMaxTimePs,
            Codec = codec,
            SegmentRawBytes = segmentRawBytes,
            Categories = categories,
            Catalogue = catalogue,
        };
    }
}
