using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Statistics are those of the values.</summary>
public sealed class StatisticsTests
{
    [Theory]
    [InlineData(EncodingHint.Default)]
    [InlineData(EncodingHint.Dictionary)]
    [InlineData(EncodingHint.DeltaBinaryPacked)]
    public async Task NumbersHaveTheirRangeAndNullCount(EncodingHint hint)
    {
        foreach (Shape shape in Enum.GetValues<Shape>().Where(shape => shape != Shape.WideNoise))
        {
            foreach (int length in new[] { 1, 3, 17, 1000 })
            {
                long[] longs = Shapes.Longs(shape, length);
                int[] ints = Shapes.Ints(shape, length);
                double[] doubles = Shapes.Doubles(shape, length);
                int?[] optional = [.. Shapes.WithNulls(ints), 5];
                await CheckAsync(new TestColumn("l", longs) { Hint = hint }, 0, longs.Min(), longs.Max());
                await CheckAsync(new TestColumn("i", ints) { Hint = hint }, 0, ints.Min(), ints.Max());
                await CheckAsync(new TestColumn("d", doubles) { Hint = hint }, 0, doubles.Min(), doubles.Max());
                await CheckAsync(new TestColumn("o", optional) { Hint = hint }, optional.Count(value => value is null), optional.Min()!, optional.Max()!);
            }
        }
    }

    [Fact]
    public async Task BooleansHaveTheirRange()
    {
        TestTable.NeedShim();
        await CheckAsync(new TestColumn("b", new bool[] { true, true }), 0, true, true);
        await CheckAsync(new TestColumn("b", new bool[] { true, false }), 0, false, true);
        await CheckAsync(new TestColumn("b", new bool[] { false }), 0, false, false);
    }

    [Fact]
    public async Task StringsAreOrderedByTheirUtf8Bytes()
    {
        TestTable.NeedShim();

        // By UTF-16 units the horse (D83D …) would come before U+FF5E; by UTF-8 bytes (F0 … against EF …) it does not.
        await CheckAsync(new TestColumn("s", new string?[] { "b", "～", "🐎", null, "a", "aa" }), 1, "a", "🐎");
        await CheckAsync(new TestColumn("s", new string?[] { "x", string.Empty, "x", "x", "x" }), 0, string.Empty, "x");
    }

    [Fact]
    public async Task ZerosOfBothSignsAreInTheRangeAndNaNLeavesNone()
    {
        TestTable.NeedShim();
        DataColumnStatistics zeros = await StatisticsAsync(new TestColumn("d", new double[] { 0.0, 0.0 }));
        Assert.Equal(BitConverter.DoubleToInt64Bits(-0.0), BitConverter.DoubleToInt64Bits((double)zeros.MinValue!));
        Assert.Equal(BitConverter.DoubleToInt64Bits(0.0), BitConverter.DoubleToInt64Bits((double)zeros.MaxValue!));
        await CheckAsync(new TestColumn("d", new double[] { 1, double.NaN, 2 }), 0, null, null);
    }

    [Fact]
    public async Task NoValuesHaveNoRange()
    {
        TestTable.NeedShim();
        await CheckAsync(new TestColumn("l", Array.Empty<long>()), 0, null, null);
        await CheckAsync(new TestColumn("s", new string?[3]), 3, null, null);
        await CheckAsync(new TestColumn("s", new string[] { new('x', 5000) }), 0, null, null);
    }

    [Fact]
    public async Task DictionariesCountDistinctValues()
    {
        TestTable.NeedShim();
        Assert.Equal(11, (await StatisticsAsync(new TestColumn("i", Shapes.Ints(Shape.FewValues, 5000)) { Hint = EncodingHint.Dictionary })).DistinctCount);
        Assert.Equal(11, (await StatisticsAsync(new TestColumn("s", Shapes.Longs(Shape.FewValues, 5000).Select(value => $"{value}").ToArray()))).DistinctCount);
        Assert.Null((await StatisticsAsync(new TestColumn("i", Shapes.Ints(Shape.FewValues, 5000)))).DistinctCount);
    }

    private static async Task CheckAsync(TestColumn column, long nulls, object? min, object? max)
    {
        DataColumnStatistics statistics = await StatisticsAsync(column);
        Assert.Equal(nulls, statistics.NullCount);
        Assert.Equal(min, statistics.MinValue);
        Assert.Equal(max, statistics.MaxValue);
    }

    private static async Task<DataColumnStatistics> StatisticsAsync(TestColumn column)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(await TestTable.WriteAsync([column])));
        return reader.OpenRowGroupReader(0).GetStatistics((DataField)reader.Schema[0])!;
    }
}
