namespace Sim.Host.Traces;

/// <summary>
/// The constants of trace format version 1, drawn byte by byte in <c>docs/format/trace.md</c>.
/// A reader refuses whatever exceeds the limits before it allocates anything.
/// </summary>
internal static class TraceFormat
{
    internal const ushort MajorVersion = 1;
    internal const ushort MinorVersion = 0;

    /// <summary>Bytes of the header before the metadata.</summary>
    internal const int HeaderFixedLength = 112;

    internal const int MaxMetadataBytes = 64 * 1024;

    /// <summary>Bytes before a chunk's compressed payload.</summary>
    internal const int FrameLength = 40;

    internal const int MaxChunkAccesses = 1 << 20;
    internal const int MaxChunkEvents = 1 << 15;
    internal const int MaxChunkStringBytes = 1 << 20;

    /// <summary>No event is longer than this: kind, mask and ten numbers of at most ten bytes.</summary>
    internal const int MaxEventBytes = 102;

    internal const int MaxSymbolBytes = 4096;
    internal const int MaxSymbols = 1 << 20;

    /// <summary>The longest access a record may have, in bytes.</summary>
    internal const uint MaxAccessSize = 4096;

    internal static ReadOnlySpan<byte> Magic => "SIMTRACE"u8;

    internal static ReadOnlySpan<byte> ChunkMagic => "CHNK"u8;

    /// <summary>Compressed bytes that no payload of <paramref name="rawLength"/> bytes exceeds; the writer's own buffer size.</summary>
    internal static int MaxCompressedLength(int rawLength) => rawLength + (rawLength >> 8) + 1024;
}
