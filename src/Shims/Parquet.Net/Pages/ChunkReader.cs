using Parquet.Encodings;
using Parquet.Meta;

namespace Parquet.Pages;

/// <summary>Walks the pages of one column chunk and separates levels from values. Every error is a <see cref="ParquetException"/>.</summary>
/// <param name="chunk">The chunk's bytes in the file.</param>
/// <param name="column">Its description in the footer.</param>
/// <param name="optional">Whether pages carry definition levels.</param>
internal sealed class ChunkReader(ReadOnlyMemory<byte> chunk, ColumnChunkMetaData column, bool optional)
{
    private readonly PageDecompressor _decompressor = new(column.Codec);
    private int _position;
    private long _rowsLeft = column.ValueCount;

    /// <summary>Rows of the current page.</summary>
    public int RowCount { get; private set; }

    /// <summary>Values of the current page: rows that are not null, or dictionary entries.</summary>
    public int ValueCount { get; private set; }

    /// <summary>Encoded values of the current page, without levels.</summary>
    public ReadOnlyMemory<byte> Values { get; private set; }

    public ValueEncoding Encoding { get; private set; }

    public bool IsDictionary { get; private set; }

    /// <summary>Moves to the next page; false when all rows have been read.</summary>
    /// <param name="levels">Receives 1 (value) or 0 (null) for each of the chunk's rows, from the current row on; empty if the column is required.</param>
    public bool NextPage(Span<int> levels)
    {
        while (_rowsLeft > 0)
        {
            PageHeader header = PageHeaderCodec.Read(chunk.Span[_position..], out int headerLength);
            _position += headerLength;
            if (header.CompressedLength > chunk.Length - _position)
            {
                throw new ParquetException($"Column '{column.ColumnName}': a page of {header.CompressedLength} bytes, {chunk.Length - _position} left.");
            }

            ReadOnlyMemory<byte> stored = chunk.Slice(_position, header.CompressedLength);
            _position += header.CompressedLength;
            if (header.Type == PageType.Index)
            {
                continue;
            }

            if (header.Type is not (PageType.Data or PageType.Dictionary))
            {
                throw new ParquetException($"Column '{column.ColumnName}': pages of type {header.Type} are not supported.");
            }

            if (header.Checksum is int checksum && Crc32.Of(stored.Span) != checksum)
            {
                throw new ParquetException($"Column '{column.ColumnName}': a page is damaged, its checksum does not match.");
            }

            Begin(header, _decompressor.Decompress(stored, header.UncompressedLength), levels);
            return true;
        }

        return false;
    }

    private void Begin(in PageHeader header, ReadOnlyMemory<byte> contents, Span<int> levels)
    {
        IsDictionary = header.Type == PageType.Dictionary;
        Encoding = header.Encoding;
        RowCount = IsDictionary ? 0 : header.ValueCount;
        ValueCount = header.ValueCount;
        Values = contents;
        if (RowCount > _rowsLeft)
        {
            throw new ParquetException($"Column '{column.ColumnName}': a page of {RowCount} rows, {_rowsLeft} are left.");
        }

        _rowsLeft -= RowCount;
        if (!optional || IsDictionary)
        {
            return;
        }

        if (header.DefinitionLevelEncoding != ValueEncoding.Rle)
        {
            throw new ParquetException($"Column '{column.ColumnName}': definition levels in {header.DefinitionLevelEncoding} are not supported.");
        }

        var reader = new EncodedReader(contents.Span);
        int length = BitConverter.ToInt32(reader.Take(sizeof(int)));
        levels = levels[..RowCount];
        HybridDecoder.Decode(reader.Take(length), 1, levels);
        Values = contents[(sizeof(int) + length)..];
        int count = 0;
        foreach (int level in levels)
        {
            count += level is 0 or 1 ? level : throw new ParquetException($"Column '{column.ColumnName}': definition level {level}.");
        }

        ValueCount = count;
    }
}
