using System.IO.Compression;
using Snappier;

namespace Parquet.Pages;

/// <summary>Decompresses pages. A stated length is only believed as far as the compressed bytes can hold it.</summary>
internal sealed class PageDecompressor(CompressionMethod method)
{
    /// <summary>Best ratios of the formats: 64 bytes for 3 (Snappy), 1032 : 1 (DEFLATE).</summary>
    private const int MaxSnappyRatio = 22;
    private const int MaxDeflateRatio = 1032;
    private const int RatioSlack = 64;

    private byte[] _contents = [];

    /// <summary>The result is valid until the next call.</summary>
    /// <exception cref="ParquetException">The bytes are damaged or do not give the stated length.</exception>
    public ReadOnlyMemory<byte> Decompress(ReadOnlyMemory<byte> compressed, int length)
    {
        long most = method switch
        {
            CompressionMethod.None => compressed.Length,
            CompressionMethod.Snappy => ((long)compressed.Length * MaxSnappyRatio) + RatioSlack,
            CompressionMethod.Gzip => ((long)compressed.Length * MaxDeflateRatio) + RatioSlack,
            _ => throw new ParquetException($"Compression {method} is not supported."),
        };
        if (length > most || length > PageLimits.MaxPageLength)
        {
            throw new ParquetException($"Damaged Parquet page: {compressed.Length} bytes cannot hold the {length} stated.");
        }

        if (method == CompressionMethod.None)
        {
            return length == compressed.Length
                ? compressed
                : throw new ParquetException($"Damaged Parquet page: {compressed.Length} bytes uncompressed, {length} stated.");
        }

        if (_contents.Length < length)
        {
            _contents = new byte[length];
        }

        try
        {
            bool exact = method == CompressionMethod.Snappy
                ? Snappy.GetUncompressedLength(compressed.Span) == length && Snappy.Decompress(compressed.Span, _contents) == length
                : Inflate(compressed, _contents.AsSpan(0, length));
            if (!exact)
            {
                throw new ParquetException($"Damaged Parquet page: it does not decompress to the {length} bytes stated.");
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new ParquetException($"Damaged Parquet page: {damaged.Message}", damaged);
        }

        return _contents.AsMemory(0, length);
    }

    private static bool Inflate(ReadOnlyMemory<byte> compressed, Span<byte> contents)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed.ToArray(), writable: false), CompressionMode.Decompress);
        Span<byte> beyond = stackalloc byte[1];
        return gzip.ReadAtLeast(contents, contents.Length, throwOnEndOfStream: false) == contents.Length && gzip.Read(beyond) == 0;
    }
}
