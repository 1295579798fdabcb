namespace Sim.Engine.Log;

/// <summary>A block that was read: its header and its events' bytes. Used again for the next block.</summary>
public sealed class BlockBuffer
{
    private byte[] _raw = [];
    private byte[] _stored = [];
    private BlockHeader _header;

    /// <summary>The header of the block last read.</summary>
    public ref readonly BlockHeader Header => ref _header;

    /// <summary>Its events, one MessagePack array each.</summary>
    public ReadOnlySpan<byte> Payload => _raw.AsSpan(0, _header.RawLength);

    /// <summary>Reads the payload that belongs to a sound header; null when it is sound too, else what is wrong.</summary>
    internal string? Load(in BlockHeader header, ILogData data, long offset)
    {
        _header = header;
        Span<byte> raw = Room(ref _raw, header.RawLength);
        Span<byte> stored = header.Codec == LogCodec.None ? raw : Room(ref _stored, header.StoredLength);
        if (data.Read(offset, stored) != stored.Length)
        {
            return "the file ends inside the block";
        }
        if (Crc32C.Compute(stored) != header.PayloadCrc)
        {
            return "the block payload's CRC-32C does not match";
        }
        return header.Codec == LogCodec.None ? null : Decompress(stored, raw);
    }

    private static Span<byte> Room(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = new byte[Math.Max(length, buffer.Length * 2)];
        }
        return buffer.AsSpan(0, length);
    }

    private static string? Decompress(ReadOnlySpan<byte> stored, Span<byte> raw)
    {
        try
        {
            return Snappier.Snappy.GetUncompressedLength(stored) == raw.Length
                && Snappier.Snappy.Decompress(stored, raw) == raw.Length
                ? null
                : "the block payload does not decompress to its raw length";
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            return $"the block payload does not decompress: {e.Message}";
        }
    }
}
