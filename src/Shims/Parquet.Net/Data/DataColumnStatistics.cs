namespace Parquet.Data;

/// <summary>Statistics of one column of one row group, as the file states them.</summary>
public class DataColumnStatistics
{
    public DataColumnStatistics()
    {
    }

    public DataColumnStatistics(long? nullCount, long? distinctCount, object? minValue, object? maxValue)
    {
        NullCount = nullCount;
        DistinctCount = distinctCount;
        MinValue = minValue;
        MaxValue = maxValue;
    }

    /// <summary>Number of nulls, if stated.</summary>
    public long? NullCount { get; internal set; }

    /// <summary>Number of distinct values, if stated.</summary>
    public long? DistinctCount { get; internal set; }

    /// <summary>Least value, boxed in the column's type; null if not stated. Strings are ordered by their UTF-8 bytes.</summary>
    public object? MinValue { get; internal set; }

    /// <summary>Greatest value; see <see cref="MinValue"/>.</summary>
    public object? MaxValue { get; internal set; }
}
