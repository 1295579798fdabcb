using System.Buffers;
using MessagePack;
using Sim.Engine.Log;

namespace Sim.Engine.Snapshots;

/// <summary>What a snapshot says of itself: which moment of which log it holds, and how its image is put together.</summary>
public sealed record SnapshotHeader
{
    /// <summary>The version of the file format.</summary>
    public const int Version = 1;

    internal const string Marker = "sim.state";
    internal const int MaxBytes = 64 << 20;
    private const int Entries = 22;

    /// <summary>The run.</summary>
    public required LogIdentity Identity { get; init; }

    /// <summary>Events logged before it; also the sequence of the first event after it.</summary>
    public required long Sequence { get; init; }

    /// <summary>Messages dispatched before it.</summary>
    public required long Dispatched { get; init; }

    /// <summary>Simulated time, in picoseconds.</summary>
    public required long TimePs { get; init; }

    /// <summary>Sequence of the first event of the block that was open.</summary>
    public required long BlockFirst { get; init; }

    /// <summary>The chain's link before that block.</summary>
    public required ChainHash ChainHash { get; init; }

    /// <summary>The link there would be after the open block if the log ended here: SHA-256(chainHash ‖ its raw payload so far).</summary>
    public required ChainHash OpenHash { get; init; }

    /// <summary>Hash of the logged sourced state, as <c>state.checkpoint</c> carries it.</summary>
    public required ulong StateHash { get; init; }

    /// <summary>XXH64 of the image's pages: the execution hash.</summary>
    public required ulong ImageHash { get; init; }

    /// <summary>XXH64 of the pages with the sourced state.</summary>
    public required ulong SourcedHash { get; init; }

    /// <summary>Bytes of the image.</summary>
    public required long Length { get; init; }

    /// <summary>Pages with the sourced state, which come first.</summary>
    public required int SourcedPages { get; init; }

    /// <summary>Sequence of the full snapshot that this one takes pages from; -1 for none.</summary>
    public required long Base { get; init; }

    /// <summary>Image hash of that one; 0 for none.</summary>
    public required ulong BaseHash { get; init; }

    /// <summary>Where the image's pages are, in their order.</summary>
    public required IReadOnlyList<PageRun> Runs { get; init; }

    /// <summary>What the host keeps beside the state about the stretch before the snapshot. Empty when there is nothing.</summary>
    public required byte[] Attachment { get; init; }

    /// <summary>Pages that are in this file.</summary>
    public int NewPages => Runs.Where(r => r.Source == PageSource.Here).Sum(r => r.Count);

    internal byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(512 + Attachment.Length + (Runs.Count * 12));
        var writer = new MessagePackWriter(buffer);
        writer.WriteMapHeader(Entries);
        writer.Write("format");
        writer.Write(Marker);
        writer.Write("version");
        writer.Write(Version);
        writer.Write("bytes");
        writer.WriteUInt32(0);
        SealedMap.Write(ref writer, Identity);
        writer.Write("sequence");
        writer.Write(Sequence);
        writer.Write("dispatched");
        writer.Write(Dispatched);
        writer.Write("timePs");
        writer.Write(TimePs);
        writer.Write("blockFirst");
        writer.Write(BlockFirst);
        writer.Write("chainHash");
        SealedMap.Write(ref writer, ChainHash);
        writer.Write("openHash");
        SealedMap.Write(ref writer, OpenHash);
        writer.Write("stateHash");
        writer.Write(StateHash);
        writer.Write("imageHash");
        writer.Write(ImageHash);
        writer.Write("sourcedHash");
        writer.Write(SourcedHash);
        writer.Write("length");
        writer.Write(Length);
        writer.Write("sourcedPages");
        writer.Write(SourcedPages);
        writer.Write("base");
        writer.WriteArrayHeader(2);
        writer.Write(Base);
        writer.Write(BaseHash);
        writer.Write("pages");
        writer.WriteArrayHeader(Runs.Count * 3);
        foreach (PageRun run in Runs)
        {
            writer.Write((int)run.Source);
            writer.Write(run.First);
            writer.Write(run.Count);
        }
        writer.Write("attachment");
        writer.Write((ReadOnlySpan<byte>)Attachment);
        writer.Write("crc");
        writer.WriteUInt32(0);
        writer.Flush();
        return SealedMap.Finish(buffer.WrittenSpan.ToArray(), SealedMap.HeaderLengthAt);
    }

    /// <exception cref="InvalidDataException">The bytes are not a header.</exception>
    internal static SnapshotHeader Decode(byte[] bytes)
    {
        if (!SealedMap.IsIntact(bytes))
        {
            throw new InvalidDataException("the header's CRC-32C does not match");
        }
        var reader = new MessagePackReader(bytes);
        try
        {
            return Read(ref reader);
        }
        catch (Exception e) when (SealedMap.IsBadBytes(e) || e is CorruptLogException)
        {
            throw new InvalidDataException($"the header is malformed: {e.Message}");
        }
    }

    private static SnapshotHeader Read(ref MessagePackReader reader)
    {
        int entries = reader.ReadMapHeader();
        SealedMap.Key(ref reader, "format");
        string marker = SealedMap.Text(ref reader);
        SealedMap.Key(ref reader, "version");
        int version = reader.ReadInt32();
        if (marker != Marker || version != Version || entries != Entries)
        {
            throw new InvalidDataException($"it is no snapshot of format version {Version}");
        }
        SealedMap.Key(ref reader, "bytes");
        _ = reader.ReadInt32();
        LogIdentity identity = SealedMap.Identity(ref reader);
        SealedMap.Key(ref reader, "sequence");
        long sequence = reader.ReadInt64();
        SealedMap.Key(ref reader, "dispatched");
        long dispatched = reader.ReadInt64();
        SealedMap.Key(ref reader, "timePs");
        long timePs = reader.ReadInt64();
        SealedMap.Key(ref reader, "blockFirst");
        long blockFirst = reader.ReadInt64();
        SealedMap.Key(ref reader, "chainHash");
        ChainHash chainHash = SealedMap.Hash(ref reader);
        SealedMap.Key(ref reader, "openHash");
        ChainHash openHash = SealedMap.Hash(ref reader);
        SealedMap.Key(ref reader, "stateHash");
        ulong stateHash = reader.ReadUInt64();
        SealedMap.Key(ref reader, "imageHash");
        ulong imageHash = reader.ReadUInt64();
        SealedMap.Key(ref reader, "sourcedHash");
        ulong sourcedHash = reader.ReadUInt64();
        SealedMap.Key(ref reader, "length");
        long length = reader.ReadInt64();
        SealedMap.Key(ref reader, "sourcedPages");
        int sourcedPages = reader.ReadInt32();
        SealedMap.Key(ref reader, "base");
        _ = SealedMap.ArrayOfAtMost(ref reader, 2);
        long baseSequence = reader.ReadInt64();
        ulong baseHash = reader.ReadUInt64();
        SealedMap.Key(ref reader, "pages");
        var runs = new PageRun[SealedMap.ArrayOfAtMost(ref reader, MaxBytes / 3) / 3];
        long pages = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = new PageRun((PageSource)reader.ReadByte(), reader.ReadInt32(), reader.ReadInt32());
            pages += runs[i].Count;
        }
        SealedMap.Key(ref reader, "attachment");
        byte[] attachment = reader.ReadBytes()?.ToArray() ?? [];
        SealedMap.Key(ref reader, "crc");
        _ = reader.ReadUInt32();
        if (length < 0 || pages != (length + StateImage.PageBytes - 1) / StateImage.PageBytes || sourcedPages < 0 || sourcedPages > pages
            || sequence < blockFirst || blockFirst < 0)
        {
            throw new InvalidDataException("the header contradicts itself");
        }
        return new SnapshotHeader
        {
            Identity = identity,
            Sequence = sequence,
            Dispatched = dispatched,
            TimePs = timePs,
            BlockFirst = blockFirst,
            ChainHash = chainHash,
            OpenHash = openHash,
            StateHash = stateHash,
            ImageHash = imageHash,
            SourcedHash = sourcedHash,
            Length = length,
            SourcedPages = sourcedPages,
            Base = baseSequence,
            BaseHash = baseHash,
            Runs = runs,
            Attachment = attachment,
        };
    }
}

/// <summary>Where pages of an image are found.</summary>
public enum PageSource : byte
{
    /// <summary>In the snapshot's own file.</summary>
    Here,

    /// <summary>In the full snapshot that it takes pages from.</summary>
    Base,

    /// <summary>Earlier in the same image.</summary>
    Earlier,
}

/// <summary>Pages of an image that stand one after another where they are found.</summary>
/// <param name="Source">Where.</param>
/// <param name="First">Number of the first there.</param>
/// <param name="Count">How many.</param>
public readonly record struct PageRun(PageSource Source, int First, int Count);
