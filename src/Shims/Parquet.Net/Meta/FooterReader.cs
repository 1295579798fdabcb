using Parquet.Schema;

namespace Parquet.Meta;

/// <summary>Parses the footer and checks that its parts agree. Unknown fields are skipped.</summary>
internal static class FooterReader
{
    /// <exception cref="ParquetException">The footer is damaged or uses types this library does not read.</exception>
    public static FileMetaData Read(ReadOnlySpan<byte> footer)
    {
        var thrift = new ThriftReader(footer);
        ParquetSchema? schema = null;
        List<RowGroupMetaData>? rowGroups = null;
        Dictionary<string, string> customMetadata = [];
        long? rowCount = null;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 2:
                    schema = SchemaReader.Read(ref thrift, type);
                    break;
                case 3:
                    rowCount = thrift.Int64(type);
                    break;
                case 4:
                    rowGroups = ReadRowGroups(ref thrift, type);
                    break;
                case 5:
                    customMetadata = ReadKeyValues(ref thrift, type);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        if (schema is null || rowGroups is null || rowCount is null)
        {
            throw new ParquetException("Damaged Parquet metadata: the footer has no schema, row count or row groups.");
        }

        CheckAgreement(schema, rowGroups, rowCount.Value);
        return new FileMetaData(schema, rowGroups, customMetadata);
    }

    private static void CheckAgreement(ParquetSchema schema, List<RowGroupMetaData> rowGroups, long rowCount)
    {
        DataField[] fields = schema.GetDataFields();
        ulong rows = 0;
        for (int i = 0; i < rowGroups.Count; i++)
        {
            RowGroupMetaData group = rowGroups[i];
            rows += (ulong)group.RowCount;
            bool agrees = group.RowCount >= 0 && group.Columns.Length == fields.Length;
            for (int c = 0; agrees && c < fields.Length; c++)
            {
                ColumnChunkMetaData column = group.Columns[c];
                agrees = column.ColumnName == fields[c].Name && column.Type == fields[c].PhysicalType && column.ValueCount == group.RowCount;
            }

            if (!agrees)
            {
                throw new ParquetException($"Damaged Parquet metadata: row group {i} does not agree with the schema or its own row count.");
            }
        }

        if (rows != (ulong)rowCount)
        {
            throw new ParquetException($"Damaged Parquet metadata: the row groups hold {rows} rows, the file says {rowCount}.");
        }
    }

    private static List<RowGroupMetaData> ReadRowGroups(ref ThriftReader thrift, ThriftType listType)
    {
        List<RowGroupMetaData> groups = [];
        for (int count = thrift.BeginList(listType, ThriftType.Struct); count > 0; count--)
        {
            List<ColumnChunkMetaData>? columns = null;
            long? rowCount = null;
            for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
            {
                switch (field)
                {
                    case 1:
                        columns = [];
                        for (int column = thrift.BeginList(type, ThriftType.Struct); column > 0; column--)
                        {
                            columns.Add(ColumnChunkReader.Read(ref thrift));
                        }

                        break;
                    case 3:
                        rowCount = thrift.Int64(type);
                        break;
                    default:
                        thrift.Skip(type);
                        break;
                }
            }

            groups.Add(columns is not null && rowCount is long rows
                ? new RowGroupMetaData([.. columns], rows)
                : throw new ParquetException($"Damaged Parquet metadata: row group {groups.Count} has no columns or row count."));
        }

        return groups;
    }

    internal static Dictionary<string, string> ReadKeyValues(ref ThriftReader thrift, ThriftType listType)
    {
        Dictionary<string, string> values = [];
        for (int count = thrift.BeginList(listType, ThriftType.Struct); count > 0; count--)
        {
            string? key = null;
            string value = string.Empty;
            for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
            {
                switch (field)
                {
                    case 1:
                        key = thrift.Text(type);
                        break;
                    case 2:
                        value = thrift.Text(type);
                        break;
                    default:
                        thrift.Skip(type);
                        break;
                }
            }

            values[key ?? throw new ParquetException("Damaged Parquet metadata: a metadata entry has no key.")] = value;
        }

        return values;
    }
}
