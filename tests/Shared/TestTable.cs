using System.Runtime.InteropServices;
using Parquet;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>A column of a test table; the array's element type is the column's (nullable for OPTIONAL numbers).</summary>
internal sealed record TestColumn(string Name, Array Values, bool? Nullable = null)
{
    public DataField Field { get; } = new(Name, Values.GetType().GetElementType()!, Nullable);

    public EncodingHint Hint { get; init; }
}

/// <summary>Writes and reads whole tables through the public API.</summary>
internal static class TestTable
{
    /// <summary>Skips tests of what only src/Shims promises: exact bytes, errors on damaged files, hints that the package ignores.</summary>
    public static void NeedShim() =>
        Assert.SkipWhen(typeof(ParquetWriter).Assembly.GetReferencedAssemblies().Any(name => name.Name == "Snappier"), "the Parquet.Net package is in use");

    public static ParquetOptions Options(IEnumerable<TestColumn> columns, CompressionMethod codec)
    {
        var options = new ParquetOptions { CompressionMethod = codec };
        foreach (TestColumn column in columns)
        {
            options.ColumnEncodingHints[column.Name] = column.Hint;
        }

        return options;
    }

    public static async Task<byte[]> WriteAsync(
        TestColumn[] columns,
        CompressionMethod codec = CompressionMethod.Snappy,
        int rowsPerGroup = int.MaxValue,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(
            new ParquetSchema(columns.Select(column => column.Field)), stream, Options(columns, codec)))
        {
            writer.CustomMetadata = metadata ?? new Dictionary<string, string>();
            int rows = columns[0].Values.Length;
            for (int from = 0; from < rows || from == 0; from += Math.Min(rowsPerGroup, int.MaxValue - from))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                foreach (TestColumn column in columns)
                {
                    await WriteColumnAsync(group, column, from, Math.Min(rowsPerGroup, rows - from));
                }

                group.CompleteValidate();
            }
        }

        return stream.ToArray();
    }

    public static async Task<Array[]> ReadAsync(byte[] file)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file));
        var columns = new List<Array>();
        foreach (DataField field in reader.Schema.DataFields)
        {
            var parts = new List<Array>();
            for (int i = 0; i < reader.RowGroupCount; i++)
            {
                parts.Add(await ReadColumnAsync(reader.OpenRowGroupReader(i), field));
            }

            Array whole = Array.CreateInstance(parts[0].GetType().GetElementType()!, parts.Sum(part => part.Length));
            int at = 0;
            foreach (Array part in parts)
            {
                part.CopyTo(whole, at);
                at += part.Length;
            }

            columns.Add(whole);
        }

        return [.. columns];
    }

    /// <summary>Fails unless both have the same type, length and values; doubles are compared by their bits.</summary>
    public static void AssertSame(Array expected, Array actual)
    {
        bool same = (expected, actual) switch
        {
            (bool[] x, bool[] y) => x.AsSpan().SequenceEqual(y),
            (int[] x, int[] y) => x.AsSpan().SequenceEqual(y),
            (long[] x, long[] y) => x.AsSpan().SequenceEqual(y),
            (double[] x, double[] y) => MemoryMarshal.Cast<double, long>(x).SequenceEqual(MemoryMarshal.Cast<double, long>(y)),
            (bool?[] x, bool?[] y) => x.AsSpan().SequenceEqual(y),
            (int?[] x, int?[] y) => x.AsSpan().SequenceEqual(y),
            (long?[] x, long?[] y) => x.AsSpan().SequenceEqual(y),
            (double?[] x, double?[] y) => x.AsSpan().SequenceEqual(y),
            (string?[] x, string?[] y) => x.AsSpan().SequenceEqual(y),
            _ => false,
        };
        if (!same)
        {
            // Slow, but says where.
            Assert.Equal(expected, actual);
            Assert.Fail($"{expected.GetType()} and {actual.GetType()} differ in type or in the bits of their values.");
        }
    }

    public static async Task<Array> ReadColumnAsync(ParquetRowGroupReader group, DataField field)
    {
        if (field.ClrType == typeof(string))
        {
            var strings = new string?[group.RowCount];
            await group.ReadAsync(field, strings.AsMemory()!);
            return strings;
        }

        return (field.ClrType, field.IsNullable) switch
        {
            ({ } type, false) when type == typeof(bool) => await ReadRequiredAsync<bool>(group, field),
            ({ } type, false) when type == typeof(int) => await ReadRequiredAsync<int>(group, field),
            ({ } type, false) when type == typeof(long) => await ReadRequiredAsync<long>(group, field),
            (_, false) => await ReadRequiredAsync<double>(group, field),
            ({ } type, true) when type == typeof(bool) => await ReadOptionalAsync<bool>(group, field),
            ({ } type, true) when type == typeof(int) => await ReadOptionalAsync<int>(group, field),
            ({ } type, true) when type == typeof(long) => await ReadOptionalAsync<long>(group, field),
            (_, true) => await ReadOptionalAsync<double>(group, field),
        };
    }

    public static Task WriteColumnAsync(ParquetRowGroupWriter group, TestColumn column, int from, int count) => column.Values switch
    {
        string?[] values => group.WriteAsync(column.Field, new ArraySegment<string?>(values, from, count)),
        bool[] values => group.WriteAsync<bool>(column.Field, values.AsMemory(from, count)),
        int[] values => group.WriteAsync<int>(column.Field, values.AsMemory(from, count)),
        long[] values => group.WriteAsync<long>(column.Field, values.AsMemory(from, count)),
        double[] values => group.WriteAsync<double>(column.Field, values.AsMemory(from, count)),
        bool?[] values => group.WriteAsync<bool>(column.Field, values.AsMemory(from, count)),
        int?[] values => group.WriteAsync<int>(column.Field, values.AsMemory(from, count)),
        long?[] values => group.WriteAsync<long>(column.Field, values.AsMemory(from, count)),
        double?[] values => group.WriteAsync<double>(column.Field, values.AsMemory(from, count)),
        _ => throw new ArgumentException($"no columns of {column.Values.GetType()}", nameof(column)),
    };

    private static async Task<Array> ReadRequiredAsync<T>(ParquetRowGroupReader group, DataField field)
        where T : struct
    {
        var values = new T[group.RowCount];
        await group.ReadAsync<T>(field, values.AsMemory());
        return values;
    }

    private static async Task<Array> ReadOptionalAsync<T>(ParquetRowGroupReader group, DataField field)
        where T : struct
    {
        var values = new T?[group.RowCount];
        await group.ReadAsync<T>(field, values.AsMemory());
        return values;
    }
}
