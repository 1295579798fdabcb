using Parquet.Schema;

namespace Parquet.Meta;

/// <summary>A file's footer (parquet.thrift, <c>FileMetaData</c>).</summary>
internal sealed record FileMetaData(
    ParquetSchema Schema,
    List<RowGroupMetaData> RowGroups,
    Dictionary<string, string> CustomMetadata);
