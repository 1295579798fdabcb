using System.Buffers;

namespace Snappier;

/// <summary>
/// The Snappy block format (google/snappy, format_description.txt): a varint with the raw length, then literals and back references.
/// Signatures are those of the Snappier package, which Parquet.Net depends on. Compressed bytes depend on nothing but the input.
/// </summary>
public static class Snappy
{
    /// <summary>Upper bound of the compressed size of <paramref name="inputLength"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or the bound exceeds 2 GiB.</exception>
    public static int GetMaxCompressedLength(int inputLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputLength);
        long bound = 32L + inputLength + (inputLength / 6);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bound, int.MaxValue, nameof(inputLength));
        return (int)bound;
    }

    /// <summary>Compresses a block and returns the number of bytes written.</summary>
    /// <exception cref="ArgumentException"><paramref name="output"/> is too small; <see cref="GetMaxCompressedLength"/> bytes always suffice.</exception>
    public static int Compress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int bound = GetMaxCompressedLength(input.Length);
        if (output.Length >= bound)
        {
            return SnappyCompressor.Compress(input, output);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(bound);
        int written = SnappyCompressor.Compress(input, buffer);
        bool fits = buffer.AsSpan(0, written).TryCopyTo(output);
        ArrayPool<byte>.Shared.Return(buffer);
        return fits ? written : throw new ArgumentException("The output buffer is too small.", nameof(output));
    }

    /// <summary>The raw length that a block states; what follows is not looked at.</summary>
    /// <exception cref="InvalidDataException">The block does not start with a length below 2 GiB.</exception>
    public static int GetUncompressedLength(ReadOnlySpan<byte> input) => SnappyDecompressor.ReadLength(input, out _);

    /// <summary>Decompresses a block and returns the number of bytes written.</summary>
    /// <exception cref="InvalidDataException">The block is damaged or truncated. Part of the output may have been written.</exception>
    /// <exception cref="ArgumentException"><paramref name="output"/> is shorter than the length the block states.</exception>
    public static int Decompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int length = SnappyDecompressor.ReadLength(input, out int headerLength);
        if (output.Length < length)
        {
            throw new ArgumentException($"The block holds {length} bytes, the output buffer {output.Length}.", nameof(output));
        }

        SnappyDecompressor.Decompress(input[headerLength..], output[..length]);
        return length;
    }
}
