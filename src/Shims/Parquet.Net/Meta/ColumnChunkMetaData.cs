namespace Parquet.Meta;

/// <summary>Where and how one column of one row group is stored (parquet.thrift, <c>ColumnMetaData</c>).</summary>
internal sealed class ColumnChunkMetaData
{
    public required PhysicalType Type { get; init; }

    public required string ColumnName { get; init; }

    public required CompressionMethod Codec { get; init; }

    /// <summary>Encodings of values and levels that occur in the chunk.</summary>
    public required ValueEncoding[] Encodings { get; init; }

    /// <summary>Rows, nulls included.</summary>
    public required long ValueCount { get; init; }

    /// <summary>Bytes of pages before compression, page headers included.</summary>
    public required long UncompressedLength { get; init; }

    /// <summary>Bytes of pages in the file, page headers included.</summary>
    public required long CompressedLength { get; init; }

    /// <summary>Byte offset in the file of the first data page.</summary>
    public required long DataPageOffset { get; init; }

    /// <summary>Byte offset of the dictionary page; null if there is none.</summary>
    public long? DictionaryPageOffset { get; init; }

    public required ColumnStatistics Statistics { get; init; }

    public IReadOnlyDictionary<string, string>? CustomMetadata { get; init; }

    /// <summary>Byte offset of the chunk's first page.</summary>
    public long Offset => DictionaryPageOffset is long dictionary and > 0 ? Math.Min(dictionary, DataPageOffset) : DataPageOffset;
}
