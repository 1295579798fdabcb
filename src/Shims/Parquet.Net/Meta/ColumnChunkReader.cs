namespace Parquet.Meta;

/// <summary>Parses a column chunk's description in the footer.</summary>
internal static class ColumnChunkReader
{
    /// <summary>Parses parquet.thrift's <c>ColumnChunk</c>.</summary>
    public static ColumnChunkMetaData Read(ref ThriftReader thrift)
    {
        ColumnChunkMetaData? metaData = null;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 1:
                    throw new ParquetException("Columns in other files are not supported.");
                case 3:
                    thrift.Expect(type, ThriftType.Struct);
                    metaData = ReadMetaData(ref thrift);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        return metaData ?? throw new ParquetException("Damaged Parquet metadata: a column chunk has no description.");
    }

    private static ColumnChunkMetaData ReadMetaData(ref ThriftReader thrift)
    {
        int? physicalType = null;
        int? codec = null;
        string? name = null;
        long? valueCount = null;
        long? compressedLength = null;
        long? dataPageOffset = null;
        long uncompressedLength = 0;
        long? dictionaryPageOffset = null;
        ColumnStatistics statistics = default;
        Dictionary<string, string>? customMetadata = null;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 1:
                    physicalType = thrift.Int32(type);
                    break;
                case 3:
                    name = thrift.BeginList(type, ThriftType.Binary) == 1
                        ? thrift.TextElement()
                        : throw new ParquetException("Nested columns are not supported.");
                    break;
                case 4:
                    codec = thrift.Int32(type);
                    break;
                case 5:
                    valueCount = thrift.Int64(type);
                    break;
                case 6:
                    uncompressedLength = thrift.Int64(type);
                    break;
                case 7:
                    compressedLength = thrift.Int64(type);
                    break;
                case 8:
                    customMetadata = FooterReader.ReadKeyValues(ref thrift, type);
                    break;
                case 9:
                    dataPageOffset = thrift.Int64(type);
                    break;
                case 11:
                    dictionaryPageOffset = thrift.Int64(type);
                    break;
                case 12:
                    thrift.Expect(type, ThriftType.Struct);
                    statistics = ReadStatistics(ref thrift);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        return new ColumnChunkMetaData
        {
            Type = (PhysicalType)(physicalType ?? throw Missing("type")),
            ColumnName = name ?? throw Missing("column name"),
            Codec = (CompressionMethod)(codec ?? throw Missing("codec")),
            Encodings = [],
            ValueCount = valueCount ?? throw Missing("value count"),
            UncompressedLength = uncompressedLength,
            CompressedLength = compressedLength ?? throw Missing("length"),
            DataPageOffset = dataPageOffset ?? throw Missing("offset"),
            DictionaryPageOffset = dictionaryPageOffset,
            Statistics = statistics,
            CustomMetadata = customMetadata,
        };
    }

    private static ColumnStatistics ReadStatistics(ref ThriftReader thrift)
    {
        long? nullCount = null;
        long? distinctCount = null;
        byte[]? min = null;
        byte[]? max = null;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 3:
                    nullCount = thrift.Int64(type);
                    break;
                case 4:
                    distinctCount = thrift.Int64(type);
                    break;
                case 5:
                    max = thrift.Binary(type).ToArray();
                    break;
                case 6:
                    min = thrift.Binary(type).ToArray();
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        return new ColumnStatistics(nullCount, distinctCount, min, max);
    }

    private static ParquetException Missing(string what) => new($"Damaged Parquet metadata: a column chunk has no {what}.");
}
