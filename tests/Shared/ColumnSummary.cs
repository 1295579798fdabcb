using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Sim.Shims.Tests.Parquet;

/// <summary>What <c>tests/node/parquet-summary.mjs</c> says of a file.</summary>
internal sealed record FileSummary(
    [property: JsonPropertyName("rows")] long Rows,
    [property: JsonPropertyName("columns")] Dictionary<string, ColumnSummary> Columns,
    [property: JsonPropertyName("metadata")] Dictionary<string, string> Metadata);

/// <summary>A column's nulls, bounds, sum and the hash of all its values in order, in the script's notation.</summary>
internal sealed record ColumnSummary(
    [property: JsonPropertyName("nulls")] long Nulls,
    [property: JsonPropertyName("min")] string? Min,
    [property: JsonPropertyName("max")] string? Max,
    [property: JsonPropertyName("sum")] string? Sum,
    [property: JsonPropertyName("sha256")] string Sha256)
{
    public static ColumnSummary Of(Array values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        object[] present = [.. values.Cast<object?>().Where(value => value is not null).Cast<object>()];
        foreach (object? value in values)
        {
            string form = value is null ? string.Empty : Form(value);
            hash.AppendData(Encoding.UTF8.GetBytes(value is null ? "null\n" : $"{Encoding.UTF8.GetByteCount(form)}:{form}\n"));
        }

        Comparison<object> order = (x, y) => x is string ? Utf8Compare((string)x, (string)y) : ((IComparable)x).CompareTo(y);
        object? min = present.Length == 0 ? null : present.Aggregate((a, b) => order(b, a) < 0 ? b : a);
        object? max = present.Length == 0 ? null : present.Aggregate((a, b) => order(b, a) > 0 ? b : a);
        return new ColumnSummary(
            values.Length - present.Length, min is null ? null : Form(min), max is null ? null : Form(max), SumOf(present), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static string? SumOf(object[] values) => values switch
    {
        [int or long, ..] => values.Aggregate(Int128.Zero, (sum, value) => sum + Convert.ToInt64(value, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture),
        [double, ..] => Form(values.Aggregate(0.0, (sum, value) => sum + (double)value)),
        _ => null,
    };

    private static string Form(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        double number => BitConverter.DoubleToInt64Bits(number).ToString("x16", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static int Utf8Compare(string x, string y) => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y));
}
