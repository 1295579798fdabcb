using System.Buffers;
using MessagePack;

namespace Sim.Engine.Log;

/// <summary>Where a block stands and what lies at its ends.</summary>
/// <param name="Offset">Byte offset of the block in its segment.</param>
/// <param name="FirstSequence">Sequence of its first event.</param>
/// <param name="RunningMaxTimePs">Greatest event time from the start of the log to the block's end.</param>
/// <param name="ChainHash">The chain's link after it.</param>
public readonly record struct BlockIndexEntry(long Offset, long FirstSequence, long RunningMaxTimePs, ChainHash ChainHash);

/// <summary>How a segment ends.</summary>
public enum SegmentEnd : byte
{
    /// <summary>The log goes on in the next segment.</summary>
    Continued = 1,

    /// <summary>The log is complete.</summary>
    Complete,

    /// <summary>The run was interrupted; a resumed run takes the last block up again and rewrites it and this footer.</summary>
    Provisional,
}

/// <summary>The map at a sealed segment's end: totals and the block index, all of it computable from the blocks.</summary>
public sealed record SegmentFooter
{
    private const int Entries = 13;

    // An index entry: array header, three integers of a byte each, a hash.
    private const int MinEntryBytes = 1 + 3 + 2 + ChainHash.Size;

    /// <summary>The bytes every footer starts with.</summary>
    public static ReadOnlySpan<byte> Start => [0x8D, 0xA6, (byte)'f', (byte)'o', (byte)'o', (byte)'t', (byte)'e', (byte)'r'];

    /// <summary>Number of the segment, from 0.</summary>
    public required int Segment { get; init; }

    /// <summary>Events in the segment.</summary>
    public required long Events { get; init; }

    /// <summary>Sequence of its last event; one less than its first sequence when it has none.</summary>
    public required long LastSequence { get; init; }

    /// <summary>Raw bytes of its blocks.</summary>
    public required long RawBytes { get; init; }

    /// <summary>Greatest event time from the start of the log to the segment's end, in picoseconds.</summary>
    public required long RunningMaxTimePs { get; init; }

    /// <summary>The chain's link after its last block.</summary>
    public required ChainHash ChainHash { get; init; }

    /// <summary>How the segment ends.</summary>
    public required SegmentEnd End { get; init; }

    /// <summary>One entry per block.</summary>
    public required ReadOnlyMemory<BlockIndexEntry> Index { get; init; }

    /// <summary>The map's bytes.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(256 + Index.Length * 64);
        var writer = new MessagePackWriter(buffer);
        writer.WriteMapHeader(Entries);
        writer.Write("footer");
        writer.Write(LogFormat.Marker);
        writer.Write("segment");
        writer.Write(Segment);
        writer.Write("blocks");
        writer.Write(Index.Length);
        writer.Write("events");
        writer.Write(Events);
        writer.Write("lastSequence");
        writer.Write(LastSequence);
        writer.Write("rawBytes");
        writer.Write(RawBytes);
        writer.Write("maxTimePs");
        writer.Write(RunningMaxTimePs);
        writer.Write("chainHash");
        SealedMap.Write(ref writer, ChainHash);
        writer.Write("last");
        writer.Write(End != SegmentEnd.Continued);
        writer.Write("provisional");
        writer.Write(End == SegmentEnd.Provisional);
        writer.Write("index");
        writer.WriteArrayHeader(Index.Length);
        foreach (BlockIndexEntry entry in Index.Span)
        {
            writer.WriteArrayHeader(4);
            writer.Write(entry.Offset);
            writer.Write(entry.FirstSequence);
            writer.Write(entry.RunningMaxTimePs);
            SealedMap.Write(ref writer, entry.ChainHash);
        }
        writer.Write("bytes");
        writer.WriteUInt32(0);
        writer.Write("crc");
        writer.WriteUInt32(0);
        writer.Flush();
        byte[] map = buffer.WrittenSpan.ToArray();
        return SealedMap.Finish(map, map.Length - SealedMap.FooterTailBytes + 7);
    }

    /// <summary>What is wrong with a footer in its place; null for nothing.</summary>
    internal string? Contradiction(SegmentHeader header, int headerBytes, long footerOffset)
    {
        if (Segment != header.Segment || Events < 0 || LastSequence != header.FirstSequence + Events - 1)
        {
            return "the footer belongs to another segment or contradicts itself";
        }
        long offset = headerBytes, sequence = header.FirstSequence, time = header.RunningMaxTimePs;
        ReadOnlySpan<BlockIndexEntry> index = Index.Span;
        for (int i = 0; i < index.Length; i++)
        {
            ref readonly BlockIndexEntry entry = ref index[i];
            bool first = i == 0;
            if ((first ? entry.Offset != offset : entry.Offset < offset) || entry.Offset > footerOffset - BlockHeader.Size
                || (first ? entry.FirstSequence != sequence : entry.FirstSequence < sequence) || entry.FirstSequence > LastSequence
                || entry.RunningMaxTimePs < time)
            {
                return $"entry {i} of the footer's block index is out of order";
            }
            offset = entry.Offset + BlockHeader.Size;
            sequence = entry.FirstSequence + 1;
            time = entry.RunningMaxTimePs;
        }
        bool empty = index.Length == 0;
        return empty != (Events == 0) || RunningMaxTimePs != time || ChainHash != (empty ? header.ChainHash : index[^1].ChainHash)
            || (empty && footerOffset != headerBytes)
            ? "the footer's totals contradict its block index"
            : null;
    }

    /// <summary>Reads the map from exactly its bytes, whose checksum the caller has not yet looked at.</summary>
    /// <exception cref="CorruptLogException">The bytes are not a footer.</exception>
    public static SegmentFooter Decode(byte[] bytes)
    {
        if (!SealedMap.IsIntact(bytes))
        {
            throw new CorruptLogException("the footer's CRC-32C does not match");
        }
        var reader = new MessagePackReader(bytes);
        try
        {
            SegmentFooter footer = Read(ref reader, bytes.Length);
            return reader.Consumed == bytes.Length ? footer : throw new CorruptLogException("the footer's length is wrong");
        }
        catch (Exception e) when (SealedMap.IsBadBytes(e))
        {
            throw new CorruptLogException($"the footer is malformed: {e.Message}");
        }
    }

    private static SegmentFooter Read(ref MessagePackReader reader, int length)
    {
        int entries = reader.ReadMapHeader();
        SealedMap.Key(ref reader, "footer");
        if (entries != Entries || SealedMap.Text(ref reader) != LogFormat.Marker)
        {
            throw new CorruptLogException("not a footer: the format marker or the number of entries is wrong");
        }
        SealedMap.Key(ref reader, "segment");
        int segment = reader.ReadInt32();
        SealedMap.Key(ref reader, "blocks");
        int blocks = reader.ReadInt32();
        SealedMap.Key(ref reader, "events");
        long events = reader.ReadInt64();
        SealedMap.Key(ref reader, "lastSequence");
        long lastSequence = reader.ReadInt64();
        SealedMap.Key(ref reader, "rawBytes");
        long rawBytes = reader.ReadInt64();
        SealedMap.Key(ref reader, "maxTimePs");
        long runningMaxTimePs = reader.ReadInt64();
        SealedMap.Key(ref reader, "chainHash");
        ChainHash chainHash = SealedMap.Hash(ref reader);
        SealedMap.Key(ref reader, "last");
        bool last = reader.ReadBoolean();
        SealedMap.Key(ref reader, "provisional");
        bool provisional = reader.ReadBoolean();
        SealedMap.Key(ref reader, "index");
        if (reader.ReadArrayHeader() != blocks || blocks > length / MinEntryBytes || (provisional && !last))
        {
            throw new CorruptLogException("the footer contradicts itself");
        }
        var index = new BlockIndexEntry[blocks];
        for (int i = 0; i < blocks; i++)
        {
            if (SealedMap.ArrayOfAtMost(ref reader, 4) != 4)
            {
                throw new CorruptLogException("an index entry does not have 4 values");
            }
            index[i] = new BlockIndexEntry(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), SealedMap.Hash(ref reader));
        }
        SealedMap.Key(ref reader, "bytes");
        _ = reader.ReadInt32();
        SealedMap.Key(ref reader, "crc");
        _ = reader.ReadUInt32();
        return new SegmentFooter
        {
            Segment = segment,
            Events = events,
            LastSequence = lastSequence,
            RawBytes = rawBytes,
            RunningMaxTimePs = runningMaxTimePs,
            ChainHash = chainHash,
            End = provisional ? SegmentEnd.Provisional : last ? SegmentEnd.Complete : SegmentEnd.Continued,
            Index = index,
        };
    }
}
