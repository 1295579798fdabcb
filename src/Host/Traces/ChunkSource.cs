using System.IO.Compression;
using Sim.Engine.Log;

namespace Sim.Host.Traces;

/// <summary>Reads, checks and decompresses the chunks of a trace file one after the other.</summary>
internal sealed class ChunkSource(FileStream stream, string path, TraceHeader header)
{
    private readonly byte[] _frame = new byte[TraceFormat.FrameLength];
    private byte[] _compressed = [];
    private long _offset = header.EncodedLength;
    private uint _index;

    /// <summary>The last frame read, as it stands in the file.</summary>
    internal ReadOnlySpan<byte> FrameBytes => _frame;

    /// <summary>Fills the buffer with the next chunk; false at the end of the trace.</summary>
    internal bool TryRead(ChunkBuffer buffer)
    {
        if (_index == header.Chunks)
        {
            return _offset == header.FileLength
                ? false
                : throw Damaged(_offset, $"{header.FileLength - _offset} bytes follow the last of {header.Chunks} chunks");
        }

        if (header.FileLength - _offset < TraceFormat.FrameLength || stream.ReadAtLeast(_frame, _frame.Length, throwOnEndOfStream: false) < _frame.Length)
        {
            throw Damaged(_offset, $"the file ends before chunk {_index} of {header.Chunks}");
        }

        if (!ChunkFrame.TryRead(_frame, _index, out ChunkFrame frame, out int compressedLength, out uint crc)
            || compressedLength > header.FileLength - _offset - _frame.Length)
        {
            throw Damaged(_offset, $"chunk {_index} has an impossible frame");
        }

        if (_compressed.Length < compressedLength)
        {
            _compressed = GC.AllocateUninitializedArray<byte>(compressedLength);
        }

        Span<byte> compressed = _compressed.AsSpan(0, compressedLength);
        if (stream.ReadAtLeast(compressed, compressedLength, throwOnEndOfStream: false) < compressedLength)
        {
            throw Damaged(_offset, $"the file ends inside chunk {_index}");
        }

        if (Crc32C.Compute(compressed, Crc32C.Compute(_frame.AsSpan(0, 36))) != crc)
        {
            throw Damaged(_offset, $"the checksum of chunk {_index} does not match");
        }

        Span<byte> raw = buffer.Resize(frame.RawLength);
        if (!BrotliDecoder.TryDecompress(compressed, raw, out int written) || written != raw.Length)
        {
            throw Damaged(_offset, $"chunk {_index} does not decompress to {raw.Length} bytes");
        }

        buffer.Frame = frame;
        buffer.FileOffset = _offset;
        _offset += TraceFormat.FrameLength + compressedLength;
        _index++;
        return true;
    }

    private TraceFormatException Damaged(long offset, string problem) =>
        TraceFormatException.AtByte(path, offset, problem, "The file is damaged: restore it or import it again");
}
