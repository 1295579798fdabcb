using System.Buffers.Binary;
using System.Text;
using Sim.Engine.Log;

namespace Sim.Host.Traces;

/// <summary>The head of a trace: what it holds, how much of it, and the hash that identifies its content.</summary>
public sealed record TraceHeader
{
    /// <summary>Format version; a reader refuses a major version it does not know.</summary>
    public int MajorVersion { get; init; } = TraceFormat.MajorVersion;

    /// <summary>Minor format version: additions that older readers may ignore.</summary>
    public int MinorVersion { get; init; } = TraceFormat.MinorVersion;

    /// <summary>Instruction fetches in the trace.</summary>
    public long Fetches { get; init; }

    /// <summary>Loads in the trace.</summary>
    public long Loads { get; init; }

    /// <summary>Stores in the trace.</summary>
    public long Stores { get; init; }

    /// <summary>Modifies in the trace.</summary>
    public long Modifies { get; init; }

    /// <summary>Areas, system calls and kernel ranges in the trace.</summary>
    public long Events { get; init; }

    /// <summary>Chunks in the file.</summary>
    public long Chunks { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    public long FileLength { get; init; }

    /// <summary>SHA-256 of the content, whatever the compression: see <c>docs/format/trace.md</c>.</summary>
    public required byte[] ContentHash { get; init; }

    /// <summary>Where the trace comes from: <c>key: value</c> lines such as <c>program</c> and <c>capturedBy</c>.</summary>
    public required string Metadata { get; init; }

    /// <summary>Accesses of all kinds.</summary>
    public long Accesses => Fetches + Loads + Stores + Modifies;

    /// <summary>The content hash in lower-case hexadecimal.</summary>
    public string ContentHashHex => Convert.ToHexStringLower(ContentHash);

    /// <summary>Bytes that the header takes in the file.</summary>
    public int EncodedLength => TraceFormat.HeaderFixedLength + Encoding.UTF8.GetByteCount(Metadata) + 4;

    /// <summary>The value of one metadata line, or null.</summary>
    public string? MetadataValue(string key)
    {
        foreach (string line in Metadata.Split('\n'))
        {
            if (line.StartsWith(key + ": ", StringComparison.Ordinal))
            {
                return line[(key.Length + 2)..];
            }
        }

        return null;
    }

    internal byte[] Encode()
    {
        byte[] bytes = new byte[EncodedLength];
        TraceFormat.Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)MajorVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)MinorVersion);
        int metadataLength = bytes.Length - TraceFormat.HeaderFixedLength - 4;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), metadataLength);
        ReadOnlySpan<long> counts = [Fetches, Loads, Stores, Modifies, Events, Chunks, FileLength];
        for (int i = 0; i < counts.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16 + (8 * i)), counts[i]);
        }

        ContentHash.CopyTo(bytes, 72);
        Encoding.UTF8.GetBytes(Metadata, bytes.AsSpan(TraceFormat.HeaderFixedLength));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }

    /// <summary>Reads and checks the header at the start of a file of <paramref name="fileLength"/> bytes.</summary>
    internal static TraceHeader Read(Stream stream, string path, long fileLength)
    {
        byte[] head = new byte[TraceFormat.HeaderFixedLength];
        int got = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (got < 8 || !head.AsSpan(0, 8).SequenceEqual(TraceFormat.Magic))
        {
            throw TraceFormatException.AtByte(path, 0, got == 0 ? "the file is empty" : "this is not a trace: it does not begin with SIMTRACE",
                "Give a file that 'sim import' wrote; lackey or strace text must be imported first");
        }

        if (got < head.Length)
        {
            throw Truncated(path, got);
        }

        int major = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(8));
        int metadataLength = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12));
        if (major != TraceFormat.MajorVersion)
        {
            throw TraceFormatException.AtByte(path, 8, $"trace format version {major} is not known, only {TraceFormat.MajorVersion}",
                "Import the captured text again with this version");
        }

        if (metadataLength is < 0 or > TraceFormat.MaxMetadataBytes)
        {
            throw TraceFormatException.AtByte(path, 12, $"metadata of {metadataLength} bytes, more than {TraceFormat.MaxMetadataBytes}",
                "The file is damaged: restore it or import it again");
        }

        byte[] bytes = new byte[head.Length + metadataLength + 4];
        head.CopyTo(bytes, 0);
        got += stream.ReadAtLeast(bytes.AsSpan(head.Length), metadataLength + 4, throwOnEndOfStream: false);
        if (got < bytes.Length)
        {
            throw Truncated(path, got);
        }

        if (Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4)))
        {
            throw TraceFormatException.AtByte(path, 0, "the header's checksum does not match", "The file is damaged: restore it or import it again");
        }

        TraceHeader header = new()
        {
            MajorVersion = major,
            MinorVersion = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(10)),
            Fetches = Count(head, 0),
            Loads = Count(head, 1),
            Stores = Count(head, 2),
            Modifies = Count(head, 3),
            Events = Count(head, 4),
            Chunks = Count(head, 5),
            FileLength = Count(head, 6),
            ContentHash = head[72..104],
            Metadata = Encoding.UTF8.GetString(bytes.AsSpan(head.Length, metadataLength)),
        };
        if (header.FileLength != fileLength)
        {
            throw TraceFormatException.AtByte(path, Math.Min(fileLength, header.FileLength),
                $"the file has {fileLength} bytes but its header says {header.FileLength}", "Copy it again: it was cut off or added to");
        }

        return header;
    }

    private static long Count(byte[] head, int index) => BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(16 + (8 * index)));

    private static TraceFormatException Truncated(string path, int length) =>
        TraceFormatException.AtByte(path, length, "the file ends inside its header", "Copy it again: it was cut off");
}
