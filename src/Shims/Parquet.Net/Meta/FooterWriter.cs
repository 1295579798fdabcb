using Parquet.Schema;

namespace Parquet.Meta;

/// <summary>Serialises the footer (parquet.thrift, <c>FileMetaData</c>); the numbers are field ids from there.</summary>
internal static class FooterWriter
{
    /// <summary>Format version that has DELTA_BINARY_PACKED and RLE_DICTIONARY.</summary>
    private const int FormatVersion = 2;

    /// <summary>Fixed, so that a file's bytes depend on its rows alone; "application version x (build y)" as parquet.thrift asks.</summary>
    private const string CreatedBy = "sim-parquet version 1.0.0 (build 0)";

    private const int Utf8ConvertedType = 0;
    private const int Required = 0;
    private const int Optional = 1;

    public static void Write(
        ByteBuffer output, ParquetSchema schema, List<RowGroupMetaData> rowGroups, IReadOnlyDictionary<string, string> customMetadata)
    {
        var thrift = new ThriftWriter(output);
        DataField[] fields = schema.GetDataFields();
        thrift.BeginStruct();
        thrift.Int32(1, FormatVersion);
        WriteSchema(thrift, fields);
        thrift.Int64(3, rowGroups.Sum(group => group.RowCount));
        thrift.BeginList(4, ThriftType.Struct, rowGroups.Count);
        for (int i = 0; i < rowGroups.Count; i++)
        {
            WriteRowGroup(thrift, rowGroups[i], i);
        }

        WriteKeyValues(thrift, 5, customMetadata);
        thrift.Text(6, CreatedBy);

        // Column orders: without them readers may not use min_value and max_value.
        thrift.BeginList(7, ThriftType.Struct, fields.Length);
        foreach (DataField unused in fields)
        {
            thrift.BeginStruct();
            thrift.BeginStruct(1);
            thrift.EndStruct();
            thrift.EndStruct();
        }

        thrift.EndStruct();
    }

    private static void WriteSchema(ThriftWriter thrift, DataField[] fields)
    {
        thrift.BeginList(2, ThriftType.Struct, fields.Length + 1);
        thrift.BeginStruct();
        thrift.Text(4, "root");
        thrift.Int32(5, fields.Length);
        thrift.EndStruct();
        foreach (DataField field in fields)
        {
            thrift.BeginStruct();
            thrift.Int32(1, (int)field.PhysicalType);
            thrift.Int32(3, field.IsNullable ? Optional : Required);
            thrift.Text(4, field.Name);
            if (field.PhysicalType == PhysicalType.ByteArray)
            {
                thrift.Int32(6, Utf8ConvertedType);
                thrift.BeginStruct(10);
                thrift.BeginStruct(1);
                thrift.EndStruct();
                thrift.EndStruct();
            }

            thrift.EndStruct();
        }
    }

    private static void WriteRowGroup(ThriftWriter thrift, RowGroupMetaData group, int ordinal)
    {
        thrift.BeginStruct();
        thrift.BeginList(1, ThriftType.Struct, group.Columns.Length);
        foreach (ColumnChunkMetaData column in group.Columns)
        {
            thrift.BeginStruct();
            thrift.Int64(2, 0);
            thrift.BeginStruct(3);
            WriteColumn(thrift, column);
            thrift.EndStruct();
            thrift.EndStruct();
        }

        thrift.Int64(2, group.Columns.Sum(column => column.UncompressedLength));
        thrift.Int64(3, group.RowCount);
        thrift.Int64(5, group.Columns[0].Offset);
        thrift.Int64(6, group.Columns.Sum(column => column.CompressedLength));
        if (ordinal <= short.MaxValue)
        {
            thrift.Int16(7, (short)ordinal);
        }

        thrift.EndStruct();
    }

    private static void WriteColumn(ThriftWriter thrift, ColumnChunkMetaData column)
    {
        thrift.Int32(1, (int)column.Type);
        thrift.BeginList(2, ThriftType.Int32, column.Encodings.Length);
        foreach (ValueEncoding encoding in column.Encodings)
        {
            thrift.Int32Element((int)encoding);
        }

        thrift.BeginList(3, ThriftType.Binary, 1);
        thrift.TextElement(column.ColumnName);
        thrift.Int32(4, (int)column.Codec);
        thrift.Int64(5, column.ValueCount);
        thrift.Int64(6, column.UncompressedLength);
        thrift.Int64(7, column.CompressedLength);
        if (column.CustomMetadata is { Count: > 0 })
        {
            WriteKeyValues(thrift, 8, column.CustomMetadata);
        }

        thrift.Int64(9, column.DataPageOffset);
        if (column.DictionaryPageOffset is long dictionary)
        {
            thrift.Int64(11, dictionary);
        }

        WriteStatistics(thrift, column.Statistics);
    }

    private static void WriteStatistics(ThriftWriter thrift, in ColumnStatistics statistics)
    {
        thrift.BeginStruct(12);
        if (statistics.NullCount is long nulls)
        {
            thrift.Int64(3, nulls);
        }

        if (statistics.DistinctCount is long distinct)
        {
            thrift.Int64(4, distinct);
        }

        if (statistics.MinValue is not null && statistics.MaxValue is not null)
        {
            thrift.Binary(5, statistics.MaxValue);
            thrift.Binary(6, statistics.MinValue);
            thrift.Bool(7, true);
            thrift.Bool(8, true);
        }

        thrift.EndStruct();
    }

    /// <summary>Sorted by key, so that the bytes do not depend on a dictionary's enumeration order.</summary>
    private static void WriteKeyValues(ThriftWriter thrift, short field, IReadOnlyDictionary<string, string> values)
    {
        thrift.BeginList(field, ThriftType.Struct, values.Count);
        foreach (KeyValuePair<string, string> pair in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            thrift.BeginStruct();
            thrift.Text(1, pair.Key);
            thrift.Text(2, pair.Value);
            thrift.EndStruct();
        }
    }
}
