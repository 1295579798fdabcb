using Parquet.Meta;

namespace Parquet.Pages;

/// <summary>Collects the pages of one column chunk: header, then compressed contents.</summary>
internal sealed class ChunkBuilder(PageCompressor compressor)
{
    private readonly ByteBuffer _bytes = new();
    private readonly ByteBuffer _header = new();

    public int Length => _bytes.Length;

    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    /// <summary>Bytes of all pages before compression, headers included.</summary>
    public long UncompressedLength { get; private set; }

    /// <summary>Offset of the first data page; the dictionary page, if any, is at 0.</summary>
    public int DataPageOffset { get; private set; }

    public bool HasDictionary => DataPageOffset > 0;

    public ValueEncoding Encoding { get; private set; }

    public void Clear()
    {
        _bytes.Clear();
        UncompressedLength = 0;
        DataPageOffset = 0;
    }

    public void AppendDictionaryPage(ByteBuffer contents, int entryCount)
    {
        Append(contents, PageType.Dictionary, entryCount, ValueEncoding.Plain);
        DataPageOffset = _bytes.Length;
    }

    public void AppendDataPage(ByteBuffer contents, int rowCount, ValueEncoding encoding)
    {
        Append(contents, PageType.Data, rowCount, encoding);
        Encoding = encoding;
    }

    private void Append(ByteBuffer contents, PageType type, int valueCount, ValueEncoding encoding)
    {
        if (contents.Length > PageLimits.MaxPageLength)
        {
            throw new ParquetException($"A page of {contents.Length} bytes exceeds the limit of {PageLimits.MaxPageLength}; a value is too long.");
        }

        ReadOnlySpan<byte> compressed = compressor.Compress(contents);
        _header.Clear();
        PageHeaderCodec.Write(_header, new PageHeader
        {
            Type = type,
            UncompressedLength = contents.Length,
            CompressedLength = compressed.Length,
            Checksum = Crc32.Of(compressed),
            ValueCount = valueCount,
            Encoding = encoding,
        });
        _bytes.Write(_header.Written);
        _bytes.Write(compressed);
        UncompressedLength += _header.Length + contents.Length;
    }
}
