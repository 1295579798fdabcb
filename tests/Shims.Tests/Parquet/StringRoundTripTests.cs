using FsCheck;
using FsCheck.Fluent;
using Parquet;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Strings come back as written, with and without a dictionary.</summary>
public sealed class StringRoundTripTests
{
    public static TheoryData<CompressionMethod, Shape> Ways()
    {
        var ways = new TheoryData<CompressionMethod, Shape>();
        foreach (Shape shape in Enum.GetValues<Shape>())
        {
            ways.Add(CompressionMethod.None, shape);
            ways.Add(CompressionMethod.Snappy, shape);
            ways.Add(CompressionMethod.Gzip, shape);
        }

        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task EveryShapeAndCodecRoundTrips(CompressionMethod codec, Shape shape)
    {
        foreach (int length in new[] { 0, 1, 8, 129, 3000, 70_000 }.Where(length => codec != CompressionMethod.Gzip || length < 10_000))
        {
            string[] values = Shapes.Strings(shape, length);
            TestColumn[] columns =
            [
                new TestColumn("required", values, Nullable: false),
                new TestColumn("optional", values),
                new TestColumn("with_nulls", Shapes.StringsWithNulls(values)),
            ];
            Array[] read = await TestTable.ReadAsync(await TestTable.WriteAsync(columns, codec));
            for (int i = 0; i < columns.Length; i++)
            {
                TestTable.AssertSame(columns[i].Values, read[i]);
            }
        }
    }

    [Fact]
    public void AnyStringsRoundTrip() =>
        Prop.ForAll<string?[], bool>((values, repeat) =>
        {
            // Halves of surrogate pairs have no UTF-8 form; they come back as U+FFFD, as everywhere in .NET.
            string?[] wellFormed = [.. values.Select(value => value is null ? null : new string([.. value.Where(unit => !char.IsSurrogate(unit))]))];
            string?[] written = repeat ? [.. wellFormed, .. wellFormed, .. wellFormed] : wellFormed;
            Array[] read = TestTable.ReadAsync(TestTable.WriteAsync([new TestColumn("s", written)]).GetAwaiter().GetResult()).GetAwaiter().GetResult();
            TestTable.AssertSame(written, read[0]);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task LongStringsSpreadOverPages()
    {
        string[] values = [.. Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), 100_000 + i))];
        Array[] read = await TestTable.ReadAsync(await TestTable.WriteAsync([new TestColumn("s", values)]));
        TestTable.AssertSame(values, read[0]);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public async Task TheThresholdDecidesOnTheDictionary(double threshold)
    {
        string[] values = Shapes.Strings(Shape.FewValues, 10_000);
        var field = new DataField<string>("s", false);
        using var stream = new MemoryStream();
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.None, DictionaryEncodingThreshold = threshold };
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), stream, options))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(field, values);
        }

        // Eleven values: a dictionary takes half a byte a row, PLAIN at least four.
        Assert.True(threshold == 0 ? stream.Length > 4 * values.Length : stream.Length < values.Length, $"{stream.Length} bytes");
        Assert.Equal(values, (string?[])(await TestTable.ReadAsync(stream.ToArray()))[0]);
    }

    [Fact]
    public async Task ListsAndOtherCollectionsAreWrittenAsArraysAre()
    {
        string?[] values = Shapes.StringsWithNulls(Shapes.Strings(Shape.Counter, 100));
        var field = new DataField<string>("s");
        var files = new List<byte[]>();
        foreach (IReadOnlyCollection<string?> collection in new IReadOnlyCollection<string?>[] { values, values.ToList(), new Queue<string?>(values) })
        {
            using var stream = new MemoryStream();
            await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), stream))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync(field, collection);
            }

            files.Add(stream.ToArray());
        }

        Assert.All(files, file => Assert.Equal(files[0], file));
    }

    [Fact]
    public async Task RequiredColumnsRefuseNulls()
    {
        TestTable.NeedShim();
        await Assert.ThrowsAsync<ArgumentException>(() => TestTable.WriteAsync([new TestColumn("s", new string?[] { "a", null }, Nullable: false)]));
        await Assert.ThrowsAsync<ArgumentException>(() => TestTable.WriteAsync([new TestColumn("i", new int?[] { 1, null }, Nullable: false)]));
    }
}
