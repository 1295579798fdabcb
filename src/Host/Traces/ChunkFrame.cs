using System.Buffers.Binary;
using Sim.Engine.Log;

namespace Sim.Host.Traces;

/// <summary>The 40 bytes before a chunk's compressed payload: how many records it has and how long each of its columns is.</summary>
internal readonly record struct ChunkFrame(
    uint Index, int Accesses, int Events, int StringLength, int EventLength, int DeltaLength, int EscapeLength)
{
    /// <summary>Bytes of the payload before compression: strings, events, one token an access, differences, escapes.</summary>
    internal int RawLength => StringLength + EventLength + Accesses + DeltaLength + EscapeLength;

    /// <summary>The part of an encoded frame that belongs to the content: the counts and lengths.</summary>
    internal static ReadOnlySpan<byte> HashedPart(ReadOnlySpan<byte> frame) => frame[8..32];

    /// <summary>Writes the frame before the payload that already stands in <paramref name="buffer"/>.</summary>
    internal void Write(Span<byte> buffer, int compressedLength)
    {
        TraceFormat.ChunkMagic.CopyTo(buffer);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[4..], Index);
        ReadOnlySpan<int> fields = [Accesses, Events, StringLength, EventLength, DeltaLength, EscapeLength, compressedLength];
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(buffer[(8 + (4 * i))..], fields[i]);
        }

        uint crc = Crc32C.Compute(buffer.Slice(TraceFormat.FrameLength, compressedLength), Crc32C.Compute(buffer[..36]));
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[36..], crc);
    }

    /// <summary>Reads a frame; false when its magic, its index or one of its lengths cannot be right.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, uint expectedIndex, out ChunkFrame frame, out int compressedLength, out uint crc)
    {
        frame = new ChunkFrame(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), Int(bytes, 0), Int(bytes, 1), Int(bytes, 2), Int(bytes, 3), Int(bytes, 4), Int(bytes, 5));
        compressedLength = Int(bytes, 6);
        crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]);
        return bytes[..4].SequenceEqual(TraceFormat.ChunkMagic)
            && frame.Index == expectedIndex
            && frame.Accesses is >= 0 and <= TraceFormat.MaxChunkAccesses
            && frame.Events is >= 0 and <= TraceFormat.MaxChunkEvents
            && frame.StringLength is >= 0 and <= TraceFormat.MaxChunkStringBytes
            && frame.EventLength >= 0 && frame.EventLength <= frame.Events * TraceFormat.MaxEventBytes
            && frame.DeltaLength >= 0 && frame.DeltaLength <= frame.Accesses * 8
            && frame.EscapeLength >= 0 && frame.EscapeLength <= frame.Accesses * 4
            && compressedLength >= 0 && compressedLength <= TraceFormat.MaxCompressedLength(frame.RawLength);
    }

    private static int Int(ReadOnlySpan<byte> bytes, int field) => BinaryPrimitives.ReadInt32LittleEndian(bytes[(8 + (4 * field))..]);
}
