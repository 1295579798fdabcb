namespace Sim.Host.Traces;

/// <summary>One decompressed chunk. Its buffer grows to the largest chunk it has held and is used again.</summary>
internal sealed class ChunkBuffer
{
    internal ChunkFrame Frame { get; set; }

    /// <summary>Where the chunk's frame begins in the file.</summary>
    internal long FileOffset { get; set; }

    /// <summary>The payload, then padding for <see cref="AccessDecoder"/>.</summary>
    internal byte[] Raw { get; private set; } = [];

    internal Span<byte> Resize(int rawLength)
    {
        if (Raw.Length < rawLength + AccessDecoder.Padding)
        {
            Raw = GC.AllocateUninitializedArray<byte>(rawLength + AccessDecoder.Padding);
        }

        Raw.AsSpan(rawLength, AccessDecoder.Padding).Clear();
        return Raw.AsSpan(0, rawLength);
    }
}
