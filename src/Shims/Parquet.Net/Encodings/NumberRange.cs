using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parquet.Meta;

namespace Parquet.Encodings;

/// <summary>Least and greatest of a column's values, for statistics.</summary>
internal static class NumberRange
{
    /// <summary>Least and greatest value as PLAIN bytes. No values, or a NaN among them, give none (parquet.thrift, <c>ColumnOrder</c>).</summary>
    public static ColumnStatistics StatisticsOf<T>(ReadOnlySpan<T> values, long nullCount)
        where T : unmanaged
    {
        if (values.IsEmpty)
        {
            return new ColumnStatistics(nullCount, null, null, null);
        }

        if (typeof(T) == typeof(bool))
        {
            ReadOnlySpan<byte> flags = MemoryMarshal.AsBytes(values);
            byte[] least = [(byte)(flags.Contains((byte)0) ? 0 : 1)];
            byte[] greatest = [(byte)(flags.IndexOfAnyExcept((byte)0) >= 0 ? 1 : 0)];
            return new ColumnStatistics(nullCount, null, least, greatest);
        }

        T min;
        T max;
        if (typeof(T) == typeof(double))
        {
            ReadOnlySpan<double> doubles = MemoryMarshal.Cast<T, double>(values);
            if (!TryDoubleRange(doubles, out double low, out double high))
            {
                return new ColumnStatistics(nullCount, null, null, null);
            }

            (min, max) = (Unsafe.BitCast<double, T>(low), Unsafe.BitCast<double, T>(high));
        }
        else
        {
            Find(values, out min, out max);
        }

        return new ColumnStatistics(
            nullCount, null, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in min)).ToArray(), MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in max)).ToArray());
    }

    /// <summary>Least and greatest of at least one value.</summary>
    /// <typeparam name="T"><see cref="int"/>, <see cref="long"/>, or <see cref="double"/> without NaN.</typeparam>
    public static void Find<T>(ReadOnlySpan<T> values, out T min, out T max)
        where T : unmanaged
    {
        ReadOnlySpan<Vector<T>> vectors = MemoryMarshal.Cast<T, Vector<T>>(values);
        var least = new Vector<T>(values[0]);
        Vector<T> greatest = least;
        foreach (Vector<T> vector in vectors)
        {
            least = Vector.Min(least, vector);
            greatest = Vector.Max(greatest, vector);
        }

        foreach (T value in values[(vectors.Length * Vector<T>.Count)..])
        {
            least = Vector.Min(least, new Vector<T>(value));
            greatest = Vector.Max(greatest, new Vector<T>(value));
        }

        min = least[0];
        max = greatest[0];
        Comparer<T> order = Comparer<T>.Default;
        for (int i = 1; i < Vector<T>.Count; i++)
        {
            min = order.Compare(least[i], min) < 0 ? least[i] : min;
            max = order.Compare(greatest[i], max) > 0 ? greatest[i] : max;
        }
    }

    private static bool TryDoubleRange(ReadOnlySpan<double> values, out double min, out double max)
    {
        foreach (double value in values)
        {
            if (double.IsNaN(value))
            {
                min = max = 0;
                return false;
            }
        }

        // Zeros of both signs are equal: the range must contain both (parquet.thrift, ColumnOrder).
        Find(values, out min, out max);
        min = min == 0 ? -0.0 : min;
        max = max == 0 ? 0.0 : max;
        return true;
    }
}
