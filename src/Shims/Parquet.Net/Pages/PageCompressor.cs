using System.IO.Compression;
using Snappier;

namespace Parquet.Pages;

/// <summary>Compresses pages.</summary>
internal sealed class PageCompressor(CompressionMethod method, CompressionLevel level)
{
    private readonly ByteBuffer _compressed = new();

    public CompressionMethod Method { get; } = IsSupported(method)
        ? method
        : throw new NotSupportedException($"Compression {method} is not supported; use None, Snappy or Gzip.");

    public static bool IsSupported(CompressionMethod method) =>
        method is CompressionMethod.None or CompressionMethod.Snappy or CompressionMethod.Gzip;

    /// <summary>The result is valid until the next call.</summary>
    public ReadOnlySpan<byte> Compress(ByteBuffer page)
    {
        _compressed.Clear();
        switch (Method)
        {
            case CompressionMethod.None:
                return page.Written;
            case CompressionMethod.Snappy:
                Span<byte> target = _compressed.Reserve(Snappy.GetMaxCompressedLength(page.Length));
                _compressed.Advance(Snappy.Compress(page.Written, target));
                return _compressed.Written;
            default:
                using (var member = new MemoryStream())
                {
                    using (var gzip = new GZipStream(member, level, leaveOpen: true))
                    {
                        gzip.Write(page.Written);
                    }

                    _compressed.Write(member.GetBuffer().AsSpan(0, (int)member.Length));
                }

                return _compressed.Written;
        }
    }
}
