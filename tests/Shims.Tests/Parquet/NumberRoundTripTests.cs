using FsCheck;
using FsCheck.Fluent;
using Parquet;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Numbers and booleans come back as written, by every encoding and codec.</summary>
public sealed class NumberRoundTripTests
{
    /// <summary>Around the sizes of packed groups, miniblocks, blocks and pages.</summary>
    private static readonly int[] Lengths = [0, 1, 2, 7, 8, 9, 31, 32, 33, 34, 64, 127, 128, 129, 130, 160, 161, 255, 256, 257, 258, 1000, 65535, 65536, 65537, 140_000];

    public static TheoryData<CompressionMethod, EncodingHint, Shape> Ways()
    {
        var ways = new TheoryData<CompressionMethod, EncodingHint, Shape>();
        foreach (CompressionMethod codec in new[] { CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Gzip })
        {
            foreach (EncodingHint hint in new[] { EncodingHint.Default, EncodingHint.Dictionary, EncodingHint.DeltaBinaryPacked })
            {
                foreach (Shape shape in Enum.GetValues<Shape>())
                {
                    ways.Add(codec, hint, shape);
                }
            }
        }

        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task EveryEncodingCodecAndTypeRoundTrips(CompressionMethod codec, EncodingHint hint, Shape shape)
    {
        // The slow codec sees the small lengths only: what it compresses is the same.
        foreach (int length in Lengths.Where(length => codec != CompressionMethod.Gzip || length < 1000))
        {
            await CheckAsync(
                codec,
                new TestColumn("b", Shapes.Bools(shape, length)) { Hint = hint },
                new TestColumn("i", Shapes.Ints(shape, length)) { Hint = hint },
                new TestColumn("l", Shapes.Longs(shape, length)) { Hint = hint },
                new TestColumn("d", Shapes.Doubles(shape, length)) { Hint = hint });
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task OptionalColumnsRoundTrip(CompressionMethod codec, EncodingHint hint, Shape shape)
    {
        foreach (int length in new[] { 0, 1, 9, 300, 70_000 }.Where(length => codec != CompressionMethod.Gzip || length < 1000))
        {
            await CheckAsync(
                codec,
                new TestColumn("b", Shapes.WithNulls(Shapes.Bools(shape, length))) { Hint = hint },
                new TestColumn("i", Shapes.WithNulls(Shapes.Ints(shape, length))) { Hint = hint },
                new TestColumn("l", Shapes.WithNulls(Shapes.Longs(shape, length))) { Hint = hint },
                new TestColumn("d", Shapes.WithNulls(Shapes.Doubles(shape, length))) { Hint = hint });
        }
    }

    [Fact]
    public async Task ColumnsOfNothingButNullsRoundTrip() =>
        await CheckAsync(
            CompressionMethod.Snappy,
            new TestColumn("i", new int?[100]) { Hint = EncodingHint.Dictionary },
            new TestColumn("l", new long?[100]) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("s", new string?[100]));

    [Fact]
    public void AnyIntegersRoundTrip() =>
        Prop.ForAll<int[], long[], byte>((ints, longs, way) =>
        {
            var hint = (EncodingHint)(way % 3);
            CompressionMethod codec = (way & 128) == 0 ? CompressionMethod.None : CompressionMethod.Snappy;
            CheckAsync(codec, new TestColumn("i", ints) { Hint = hint }).GetAwaiter().GetResult();
            CheckAsync(codec, new TestColumn("l", longs) { Hint = hint }).GetAwaiter().GetResult();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task DoublesKeepTheirBits()
    {
        double[] values = [0.0, -0.0, double.NaN, BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_1234), double.Epsilon, double.PositiveInfinity, double.MinValue];
        foreach (EncodingHint hint in Enum.GetValues<EncodingHint>())
        {
            double[] repeated = [.. Enumerable.Repeat(values, 20).SelectMany(part => part)];
            Array[] read = await TestTable.ReadAsync(await TestTable.WriteAsync([new TestColumn("d", repeated) { Hint = hint }]));
            TestTable.AssertSame(repeated, read[0]);
        }
    }

    private static async Task CheckAsync(CompressionMethod codec, params TestColumn[] columns)
    {
        Array[] read = await TestTable.ReadAsync(await TestTable.WriteAsync(columns, codec));
        for (int i = 0; i < columns.Length; i++)
        {
            TestTable.AssertSame(columns[i].Values, read[i]);
        }
    }
}
