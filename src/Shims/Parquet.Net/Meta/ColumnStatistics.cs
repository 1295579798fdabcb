namespace Parquet.Meta;

/// <summary>Statistics of one column chunk (parquet.thrift, <c>Statistics</c>). Values are PLAIN, strings without their length.</summary>
internal readonly record struct ColumnStatistics(long? NullCount, long? DistinctCount, byte[]? MinValue, byte[]? MaxValue);
