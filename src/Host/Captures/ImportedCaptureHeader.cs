using System.Buffers.Binary;
using System.Text;
using Sim.Engine.Log;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>The head of an imported capture: what it holds, how much of it, the hash of its content, and where it comes from.</summary>
internal sealed record ImportedCaptureHeader
{
    /// <summary>Bytes before the metadata.</summary>
    public const int FixedLength = 104;

    /// <summary>More metadata are refused.</summary>
    public const int MaxMetadataBytes = 64 * 1024;

    /// <summary>Records in the file.</summary>
    public long Records { get; init; }

    /// <summary>Requests among them.</summary>
    public long Requests { get; init; }

    /// <summary>Frees among them.</summary>
    public long Frees { get; init; }

    /// <summary>Frees that reclaim made.</summary>
    public long FreesByReclaim { get; init; }

    /// <summary>Chunks of the file.</summary>
    public long Chunks { get; init; }

    /// <summary>Bytes of the file.</summary>
    public long FileLength { get; init; }

    /// <summary>SHA-256 of the content, whatever its compression.</summary>
    public byte[] ContentHash { get; init; } = new byte[32];

    /// <summary>Lines <c>key: value</c>: source, cpus, kernel, memory.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>The content hash, hexadecimal.</summary>
    public string ContentHashHex => Convert.ToHexStringLower(ContentHash);

    /// <summary>Bytes of the header.</summary>
    public int EncodedLength => FixedLength + Encoding.UTF8.GetByteCount(Metadata) + 4;

    public byte[] Encode()
    {
        byte[] bytes = new byte[EncodedLength];
        ImportedCapture.Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), ImportedCapture.MajorVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), bytes.Length - FixedLength - 4);
        ReadOnlySpan<long> counts = [Records, Requests, Frees, FreesByReclaim, Chunks, FileLength];
        for (int i = 0; i < counts.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16 + (8 * i)), counts[i]);
        }
        ContentHash.CopyTo(bytes, 64);
        Encoding.UTF8.GetBytes(Metadata, bytes.AsSpan(FixedLength));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }

    /// <summary>Reads and checks the header at the start of a stream.</summary>
    /// <exception cref="TraceFormatException">It is none, or damaged.</exception>
    public static ImportedCaptureHeader Read(Stream stream, string path, long fileLength)
    {
        byte[] head = new byte[FixedLength];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !head.AsSpan(0, 8).SequenceEqual(ImportedCapture.Magic))
        {
            throw ImportedCapture.Bad(path, 0, "the file ends in its header, or is no imported capture");
        }
        int version = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(8)), metadata = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12));
        if (version != ImportedCapture.MajorVersion)
        {
            throw ImportedCapture.Bad(path, 8, $"version {version} is not known, only {ImportedCapture.MajorVersion}");
        }
        if (metadata is < 0 or > MaxMetadataBytes)
        {
            throw ImportedCapture.Bad(path, 12, $"there are {metadata} bytes of metadata, and at most {MaxMetadataBytes} can be");
        }
        byte[] bytes = new byte[FixedLength + metadata + 4];
        head.CopyTo(bytes, 0);
        if (stream.ReadAtLeast(bytes.AsSpan(FixedLength), metadata + 4, throwOnEndOfStream: false) < metadata + 4)
        {
            throw ImportedCapture.Bad(path, FixedLength, "the file ends in its header");
        }
        if (Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4)))
        {
            throw ImportedCapture.Bad(path, 0, "the header's checksum does not match");
        }
        long Count(int index) => BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(16 + (8 * index)));
        var header = new ImportedCaptureHeader
        {
            Records = Count(0),
            Requests = Count(1),
            Frees = Count(2),
            FreesByReclaim = Count(3),
            Chunks = Count(4),
            FileLength = Count(5),
            ContentHash = head[64..96],
            Metadata = Encoding.UTF8.GetString(bytes.AsSpan(FixedLength, metadata)),
        };
        return header.FileLength == fileLength
            ? header
            : throw ImportedCapture.Bad(path, Math.Min(fileLength, header.FileLength), $"the file has {fileLength} bytes, and its header says {header.FileLength}");
    }
}
