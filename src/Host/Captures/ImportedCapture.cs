using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Sim.Engine.Log;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>
/// A captured trace as a file of its own: the requests and frees of a real kernel, arranged, to be replayed by any machine.
/// docs/format/capture.md draws it byte by byte.
/// </summary>
internal static class ImportedCapture
{
    public const ushort MajorVersion = 1;

    private const int FrameLength = 24;
    private const int MaxChunkRecords = 1 << 16;
    private const int MaxRawBytes = 1 << 23;
    private const int Quality = 5, WindowBits = 22;

    public static ReadOnlySpan<byte> Magic => "SIMPAGES"u8;

    private static ReadOnlySpan<byte> ChunkMagic => "CHNK"u8;

    /// <summary>Writes a trace; the file appears under its name when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">The trace, arranged.</param>
    /// <param name="metadata">Lines <c>key: value</c>.</param>
    public static ImportedCaptureHeader Write(string path, FtraceText text, string metadata)
    {
        using var file = new FinishedFile(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var header = new ImportedCaptureHeader
        {
            Records = text.Events.Length,
            Requests = text.Events.LongCount(e => e.Kind == CaptureEventKind.Alloc),
            Frees = text.Events.LongCount(IsFree),
            FreesByReclaim = text.Events.LongCount(e => IsFree(e) && (e.Flags & CaptureFlags.ByReclaim) != 0),
            Metadata = metadata,
        };
        FileStream stream = file.Stream;
        stream.Position = header.EncodedLength;
        var encoder = new CaptureEncoder(text);
        uint chunks = 0;
        for (int next = 0; next < text.Events.Length; chunks++)
        {
            int first = next;
            ReadOnlySpan<byte> raw = encoder.Chunk(ref next, MaxChunkRecords, MaxRawBytes);
            byte[] compressed = new byte[BrotliEncoder.GetMaxCompressedLength(raw.Length)];
            BrotliEncoder.TryCompress(raw, compressed, out int length, Quality, WindowBits);
            byte[] frame = new byte[FrameLength];
            ChunkMagic.CopyTo(frame);
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), chunks);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), next - first);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), raw.Length);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(16), length);
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(20), Crc32C.Compute(compressed.AsSpan(0, length), Crc32C.Compute(frame.AsSpan(0, 20))));
            hash.AppendData(frame, 8, 8);
            hash.AppendData(raw);
            stream.Write(frame);
            stream.Write(compressed, 0, length);
        }
        header = header with { Chunks = chunks, FileLength = stream.Position, ContentHash = hash.GetHashAndReset() };
        stream.Position = 0;
        stream.Write(header.Encode());
        file.Commit();
        return header;
    }

    /// <summary>Reads the header only.</summary>
    /// <exception cref="TraceFormatException">It is damaged.</exception>
    public static ImportedCaptureHeader ReadHeader(string path)
    {
        using FileStream file = TraceInput.Open(path);
        return ImportedCaptureHeader.Read(file, path, file.Length);
    }

    /// <summary>Reads a file and checks all of it.</summary>
    /// <exception cref="TraceFormatException">It is damaged.</exception>
    public static (ImportedCaptureHeader Header, FtraceText Text) Read(string path)
    {
        using FileStream file = TraceInput.Open(path);
        var header = ImportedCaptureHeader.Read(file, path, file.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var decoder = new CaptureDecoder(path);
        byte[] frame = new byte[FrameLength];
        for (uint chunk = 0; file.Position < file.Length; chunk++)
        {
            long at = file.Position;
            int got = file.ReadAtLeast(frame, FrameLength, throwOnEndOfStream: false);
            int records = BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(8)), rawLength = BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(12));
            int length = BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(16));
            if (got < FrameLength || !frame.AsSpan(0, 4).SequenceEqual(ChunkMagic) || BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(4)) != chunk
                || records is < 1 or > MaxChunkRecords || rawLength is < 1 or > MaxRawBytes || length < 1 || length > file.Length - file.Position)
            {
                throw Bad(path, at, $"chunk {chunk} begins with a frame that cannot be right");
            }
            byte[] compressed = new byte[length];
            file.ReadExactly(compressed);
            if (Crc32C.Compute(compressed, Crc32C.Compute(frame.AsSpan(0, 20))) != BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)))
            {
                throw Bad(path, at, $"the checksum of chunk {chunk} does not match");
            }
            byte[] raw = new byte[rawLength];
            if (!BrotliDecoder.TryDecompress(compressed, raw, out int written) || written != rawLength)
            {
                throw Bad(path, at, $"chunk {chunk} cannot be decompressed");
            }
            hash.AppendData(frame, 8, 8);
            hash.AppendData(raw);
            decoder.Chunk(raw, records, at);
        }
        FtraceText text = decoder.Text();
        if (text.Events.Length != header.Records || !hash.GetHashAndReset().AsSpan().SequenceEqual(header.ContentHash))
        {
            throw Bad(path, 64, "the content is not what the header says");
        }
        return (header, text);
    }

    public static TraceFormatException Bad(string path, long offset, string problem) =>
        TraceFormatException.AtByte(path, offset, problem, "The file is damaged: restore it, or import the text again");

    private static bool IsFree(CaptureEvent e) => e.Kind is CaptureEventKind.Free or CaptureEventKind.FreeBatched;
}
