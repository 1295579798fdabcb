namespace Parquet.Meta;

/// <summary>One row group: its column chunks in schema order (parquet.thrift, <c>RowGroup</c>).</summary>
internal sealed record RowGroupMetaData(ColumnChunkMetaData[] Columns, long RowCount);
