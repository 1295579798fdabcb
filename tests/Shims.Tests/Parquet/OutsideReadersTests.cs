using System.Text.Json;
using Parquet;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Three readers that share no code with ours find the rows that were written, and ours finds the rows another writer wrote.</summary>
public sealed class OutsideReadersTests
{
    private const int Rows = 4000;

    public static TheoryData<string, CompressionMethod> ReadersAndCodecs()
    {
        var ways = new TheoryData<string, CompressionMethod>();
        foreach (string reader in new[] { "duckdb", "hyparquet", "parquet-wasm" })
        {
            ways.Add(reader, CompressionMethod.None);
            ways.Add(reader, CompressionMethod.Snappy);
            ways.Add(reader, CompressionMethod.Gzip);
        }

        return ways;
    }

    [Theory]
    [MemberData(nameof(ReadersAndCodecs))]
    public async Task EveryEncodingIsReadAlike(string reader, CompressionMethod codec)
    {
        string node = NeedReaders();
        var metadata = new Dictionary<string, string> { ["sim.table"] = "test", ["note"] = "žluťoučký 🐎" };
        TestColumn[] columns = [.. EveryKindOfColumn()];
        Check(node, reader, await TestTable.WriteAsync(columns, codec, rowsPerGroup: 1500, metadata), columns, metadata);
    }

    [Theory]
    [InlineData("duckdb")]
    [InlineData("hyparquet")]
    [InlineData("parquet-wasm")]
    public async Task SeveralPagesAreReadAlike(string reader)
    {
        string node = NeedReaders();
        const int Long = 150_000;
        TestColumn[] columns =
        [
            new TestColumn("seq", Shapes.Longs(Shape.Counter, Long)) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("cpu", Shapes.WithNulls(Shapes.Ints(Shape.LongRuns, Long))) { Hint = EncodingHint.Dictionary },
            new TestColumn("name", Shapes.Strings(Shape.FewValues, Long), Nullable: false),
        ];
        Check(node, reader, await TestTable.WriteAsync(columns), columns, []);
    }

    [Theory]
    [InlineData("duckdb")]
    [InlineData("hyparquet")]
    [InlineData("parquet-wasm")]
    public async Task TablesWithoutRowsAreReadAlike(string reader)
    {
        string node = NeedReaders();
        TestColumn[] columns =
        [
            new TestColumn("i", Array.Empty<int>()) { Hint = EncodingHint.Dictionary },
            new TestColumn("l", Array.Empty<long>()) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("s", Array.Empty<string>()),
            new TestColumn("d", Array.Empty<double>()),
        ];
        Check(node, reader, await TestTable.WriteAsync(columns), columns, []);
    }

    [Fact]
    public async Task FilesOfAnotherWriterAreRead()
    {
        string node = NeedReaders();
        string path = TemporaryFile();
        try
        {
            OutsideTools.Run(node, ["parquet-duckdb.mjs", "write", path]);
            byte[] file = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            FileSummary expected = Summary(node, "duckdb", path);
            Array[] columns = await TestTable.ReadAsync(file);
            await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file), cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(expected.Rows, columns[0].Length);
            Assert.Equal(expected.Columns.Keys, reader.Schema.Fields.Select(field => field.Name));
            for (int i = 0; i < columns.Length; i++)
            {
                Assert.Equal(expected.Columns[reader.Schema[i].Name], ColumnSummary.Of(columns[i]));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task FilesAreNoLargerThanAnotherWritersOfTheSameRows()
    {
        TestTable.NeedShim();
        string node = NeedReaders();
        string path = TemporaryFile();
        try
        {
            foreach (int rows in new[] { 1000, 200_000 })
            {
                byte[] file = await TestTable.WriteAsync(EventColumns(rows), rowsPerGroup: 131_072);
                await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
                OutsideTools.Run(node, ["parquet-duckdb.mjs", "copy", path, path + ".copy"]);
                Assert.InRange(file.Length, 1, new FileInfo(path + ".copy").Length);
            }
        }
        finally
        {
            File.Delete(path);
            File.Delete(path + ".copy");
        }
    }

    /// <summary>A table as the event log's exports are: sequence, time, cpu, cause, and what happened.</summary>
    private static TestColumn[] EventColumns(int rows)
    {
        long[] seq = Shapes.Longs(Shape.Counter, rows);
        return
        [
            new TestColumn("run_id", Array.ConvertAll(seq, _ => "b5bb9d8014a0f9b1"), Nullable: false),
            new TestColumn("seq", seq) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("time_ns", Shapes.Longs(Shape.Times, rows)) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("cpu", Shapes.Ints(Shape.LongRuns, rows)) { Hint = EncodingHint.Dictionary },
            new TestColumn("cause_seq", Array.ConvertAll(seq, value => value - (value % 5))) { Hint = EncodingHint.Dictionary },
            new TestColumn("pfn", Shapes.Longs(Shape.SmallNoise, rows)) { Hint = EncodingHint.Dictionary },
            new TestColumn("page_order", Shapes.Ints(Shape.FewValues, rows, seed: 2)) { Hint = EncodingHint.Dictionary },
            new TestColumn("cookie", Shapes.Longs(Shape.WideNoise, rows)) { Hint = EncodingHint.Dictionary },
            new TestColumn("ratio", Shapes.Doubles(Shape.FewValues, rows)) { Hint = EncodingHint.Dictionary },
            new TestColumn("is_free", Shapes.Bools(Shape.FewValues, rows)),
            new TestColumn("name", Shapes.Strings(Shape.FewValues, rows), Nullable: false),
        ];
    }

    private static IEnumerable<TestColumn> EveryKindOfColumn()
    {
        foreach (EncodingHint hint in new[] { EncodingHint.Default, EncodingHint.Dictionary, EncodingHint.DeltaBinaryPacked })
        {
            foreach (Shape shape in Enum.GetValues<Shape>())
            {
                string name = $"{hint}_{shape}";
                yield return new TestColumn("b_" + name, Shapes.Bools(shape, Rows)) { Hint = hint };
                yield return new TestColumn("i_" + name, Shapes.Ints(shape, Rows)) { Hint = hint };
                yield return new TestColumn("l_" + name, Shapes.Longs(shape, Rows)) { Hint = hint };
                yield return new TestColumn("s_" + name, Shapes.Strings(shape, Rows), Nullable: false) { Hint = hint };
                yield return new TestColumn("oi_" + name, Shapes.WithNulls(Shapes.Ints(shape, Rows))) { Hint = hint };
                yield return new TestColumn("ol_" + name, Shapes.WithNulls(Shapes.Longs(shape, Rows))) { Hint = hint };
                yield return new TestColumn("os_" + name, Shapes.StringsWithNulls(Shapes.Strings(shape, Rows))) { Hint = hint };
                if (shape != Shape.WideNoise)
                {
                    // Noise has NaNs, whose order and sum differ between languages.
                    yield return new TestColumn("d_" + name, Shapes.Doubles(shape, Rows)) { Hint = hint };
                }
            }
        }
    }

    private static void Check(string node, string reader, byte[] file, TestColumn[] columns, Dictionary<string, string> metadata)
    {
        string path = TemporaryFile();
        try
        {
            File.WriteAllBytes(path, file);
            FileSummary summary = Summary(node, reader, path);
            Assert.Equal(columns[0].Values.Length, summary.Rows);
            Assert.Equal(columns.Select(column => column.Name), summary.Columns.Keys);
            foreach (TestColumn column in columns)
            {
                Assert.Equal((column.Name, ColumnSummary.Of(column.Values)), (column.Name, summary.Columns[column.Name]));
            }

            Assert.All(metadata, pair => Assert.Equal(pair.Value, summary.Metadata[pair.Key]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static FileSummary Summary(string node, string reader, string path) =>
        JsonSerializer.Deserialize<FileSummary>(OutsideTools.Run(node, ["parquet-summary.mjs", reader, path]))!;

    private static string NeedReaders() => OutsideTools.NeedNode("@duckdb/node-api", "hyparquet", "parquet-wasm", "apache-arrow");

    private static string TemporaryFile() => Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.parquet");
}
