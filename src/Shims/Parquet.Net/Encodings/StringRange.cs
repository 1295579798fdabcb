using Parquet.Meta;

namespace Parquet.Encodings;

/// <summary>Least and greatest string by UTF-8 bytes, which is the order of Parquet's statistics.</summary>
internal sealed class StringRange
{
    /// <summary>Longer bounds would swell the footer; statistics then give none.</summary>
    private const int MaxBoundLength = 1024;

    private readonly ByteBuffer _min = new();
    private readonly ByteBuffer _max = new();
    private bool _any;

    public void Clear() => _any = false;

    public void Add(ReadOnlySpan<byte> value)
    {
        if (!_any || value.SequenceCompareTo(_min.Written) < 0)
        {
            Set(_min, value);
        }

        if (!_any || value.SequenceCompareTo(_max.Written) > 0)
        {
            Set(_max, value);
        }

        _any = true;
    }

    public ColumnStatistics ToStatistics(long nullCount, long? distinctCount) =>
        _any && _min.Length <= MaxBoundLength && _max.Length <= MaxBoundLength
            ? new ColumnStatistics(nullCount, distinctCount, _min.Written.ToArray(), _max.Written.ToArray())
            : new ColumnStatistics(nullCount, distinctCount, null, null);

    private static void Set(ByteBuffer bound, ReadOnlySpan<byte> value)
    {
        bound.Clear();
        bound.Write(value);
    }
}
