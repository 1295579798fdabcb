using System.Text.Json;
using Parquet;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Tables;
using Sim.Engine.Tests.Log;
using Sim.Shims.Tests;
using Sim.Shims.Tests.Parquet;

namespace Sim.Engine.Tests.Tables;

public sealed class ParquetProjectionTests : IDisposable
{
    private static readonly TableOptions SmallGroups = new() { RowsPerGroup = 3000 };

    private readonly string _folder = Directory.CreateTempSubdirectory("sim-tables-").FullName;

    [Fact]
    public async Task EveryValueOfTheLog_IsInItsTable()
    {
        MemoryStorage storage = Sample(30_000);
        TableManifest manifest = Project(storage, "a", SmallGroups);
        LogRows expected = Rows(storage);
        Assert.Equal(expected.Tables.Keys.Order(StringComparer.Ordinal), manifest.Tables.Select(table => table.Table));
        Assert.Equal(30_000, manifest.Events);
        Assert.Equal(30_000, manifest.Tables.Sum(table => table.Rows));
        foreach (TableEntry table in manifest.Tables)
        {
            byte[] file = await File.ReadAllBytesAsync(PathOf("a", table.Table), TestContext.Current.CancellationToken);
            await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file), cancellationToken: TestContext.Current.CancellationToken);
            Array[] columns = await TestTable.ReadAsync(file);
            Dictionary<string, List<object>> rows = expected.Tables[table.Table];
            Assert.Equal(rows.Keys, reader.Schema.DataFields.Select(field => field.Name));
            Assert.Equal(rows.Values.Select(values => values[0].GetType()), reader.Schema.DataFields.Select(field => field.ClrType));
            Assert.All(reader.Schema.DataFields, field => Assert.False(field.IsNullable));
            Assert.Equal((table.Rows + 2999) / 3000, reader.RowGroupCount);
            int i = 0;
            foreach ((string name, List<object> values) in rows)
            {
                Assert.Equal((name, ColumnSummary.Of(values.ToArray())), (name, ColumnSummary.Of(columns[i++])));
            }
        }
    }

    [Theory]
    [InlineData("duckdb")]
    [InlineData("hyparquet")]
    [InlineData("parquet-wasm")]
    public void OtherReaders_FindTheLogsValuesAndMetadata(string reader)
    {
        string node = OutsideTools.NeedNode("@duckdb/node-api", "hyparquet", "parquet-wasm", "apache-arrow");
        MemoryStorage storage = Sample(8000);
        TableManifest manifest = Project(storage, "a", SmallGroups);
        LogRows expected = Rows(storage);
        foreach (TableEntry table in manifest.Tables)
        {
            FileSummary found = JsonSerializer.Deserialize<FileSummary>(
                OutsideTools.Run(node, ["parquet-summary.mjs", reader, PathOf("a", table.Table)]))!;
            Dictionary<string, List<object>> rows = expected.Tables[table.Table];
            Assert.Equal(rows["seq"].Count, found.Rows);
            Assert.Equal(rows.Keys, found.Columns.Keys);
            Assert.All(rows, column => Assert.Equal((column.Key, ColumnSummary.Of(column.Value.ToArray())), (column.Key, found.Columns[column.Key])));
            Assert.Equal(table.Table, found.Metadata["sim.table"]);
            Assert.Equal("42", found.Metadata["sim.seed"]);
            Assert.Equal(SampleLog.Identity.RunId, found.Metadata["sim.run_id"]);
            Assert.Equal(manifest.Origin.ChainHash, found.Metadata["sim.log_root_hash"]);
            using JsonDocument columns = JsonDocument.Parse(found.Metadata["sim.columns"]);
            Assert.Equal(rows.Keys, columns.RootElement.EnumerateObject().Select(column => column.Name));
            Assert.All(columns.RootElement.EnumerateObject(), column => Assert.NotEqual("", column.Value.GetProperty("doc").GetString()));
        }
    }

    [Fact]
    public void TheSameLog_GivesTheSameBytes()
    {
        MemoryStorage storage = Sample(20_000);
        Project(storage, "a");
        Project(storage, "b");
        Assert.Equal(Files("a"), Files("b"));
        Assert.Contains("_manifest.json", Files("a").Select(file => file.Name));
        Project(Sample(20_000, seed: 2), "c");
        Assert.NotEqual(Files("a"), Files("c"));
    }

    [Fact]
    public async Task LongTables_AreCutIntoParts_ThatTogetherHaveAllRows()
    {
        MemoryStorage storage = Sample(30_000);
        TableManifest whole = Project(storage, "whole");
        TableManifest cut = Project(storage, "cut", new TableOptions { RowsPerGroup = 1000, PartBytes = 20_000 });
        TableEntry take = cut.Tables.Single(table => table.Table == "test_take");
        Assert.True(take.Parts.Count > 2);
        Assert.Equal(Enumerable.Range(0, take.Parts.Count).Select(i => $"part-{i:D5}.parquet"), take.Parts.Select(part => part.Name));
        Assert.Equal(whole.Tables.Single(table => table.Table == "test_take").Rows, take.Rows);
        var sequences = new List<long>();
        foreach (TablePart part in take.Parts)
        {
            string path = Path.Combine(_folder, "cut", "test_take", part.Name);
            Assert.Equal(part.Bytes, new FileInfo(path).Length);
            Array[] columns = await TestTable.ReadAsync(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            Assert.Equal(part.Rows, columns[1].Length);
            sequences.AddRange((long[])columns[1]);
        }
        Assert.Equal(Rows(storage).Tables["test_take"]["seq"].Cast<long>(), sequences);
    }

    [Fact]
    public void KindsThisBuildDoesNotKnow_AreReadAsTheLogDescribesThem()
    {
        MemoryStorage storage = Sample(10_000);
        Project(storage, "known");
        using LogReader log = LogReader.Open(storage);
        ParquetProjection.Write(log, new EventCatalogue(), Path.Combine(_folder, "described")).Write(Path.Combine(_folder, "described"));
        Assert.Equal(Files("known"), Files("described"));
    }

    [Fact]
    public void AnEmptyLog_HasNoTables()
    {
        TableManifest manifest = Project(Sample(0), "a");
        Assert.Empty(manifest.Tables);
        Assert.Equal(["_manifest.json"], Files("a").Select(file => file.Name));
    }

    [Fact]
    public void DamagedEvents_AreRefused_AndLeaveNoUnfinishedFile()
    {
        var random = new System.Random(1);
        var blocks = new List<RawBlock>();
        SampleLog.Emit(new Journal(new Keep(blocks), SampleLog.Catalogue), 40_000);
        RawBlock block = blocks[0];
        int refused = 0;
        for (int i = 0; i < 200; i++)
        {
            byte[] payload = block.Payload[..block.Length];
            payload[random.Next(payload.Length)] = (byte)random.Next(256);
            string folder = Path.Combine(_folder, "damaged" + i);
            try
            {
                using var projection = new ParquetProjection(SampleLog.Catalogue.Descriptors, SampleLog.Catalogue, folder, Origin, SmallGroups);
                projection.Add(payload, block.FirstSequence, block.Count);
            }
            catch (CorruptLogException)
            {
                refused++;
            }
            Assert.Empty(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
        }
        Assert.InRange(refused, 1, 200);
    }

    [Fact]
    public void BytesBehindTheLastEvent_AndMissingEvents_AreRefused()
    {
        var blocks = new List<RawBlock>();
        SampleLog.Emit(new Journal(new Keep(blocks), SampleLog.Catalogue), 40_000);
        RawBlock block = blocks[0];
        foreach (int count in new[] { block.Count - 1, block.Count + 1 })
        {
            using var projection = new ParquetProjection(SampleLog.Catalogue.Descriptors, SampleLog.Catalogue, Path.Combine(_folder, "x"), Origin);
            Assert.Throws<CorruptLogException>(() => projection.Add(block.Payload.AsSpan(0, block.Length), block.FirstSequence, count));
        }
    }

    [Fact]
    public void ADamagedBlock_IsNamed()
    {
        MemoryStorage storage = Sample(30_000);
        string name = storage.Names.First();
        byte[] bytes = storage[name];
        bytes[^(bytes.Length / 2)] ^= 1;
        storage[name] = bytes;
        using LogReader log = LogReader.Open(storage);
        var e = Assert.Throws<CorruptLogException>(() => ParquetProjection.Write(log, SampleLog.Catalogue, Path.Combine(_folder, "a")));
        Assert.Equal(name, e.Segment);
        Assert.NotNull(e.Block);
        Assert.DoesNotContain(Files("a"), file => file.Name.EndsWith(".inprogress", StringComparison.Ordinal));
    }

    [Fact]
    public void AFolderThatCannotBeWritten_IsAnIOException()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        using LogReader log = LogReader.Open(Sample(100));
        Assert.ThrowsAny<IOException>(() => ParquetProjection.Write(log, SampleLog.Catalogue, Path.Combine(file, "tables")));
    }

    [Fact]
    public void Cancelling_GivesTheExportUp()
    {
        using LogReader log = LogReader.Open(Sample(30_000));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            ParquetProjection.Write(log, SampleLog.Catalogue, Path.Combine(_folder, "a"), cancellation: cancelled.Token));
        Assert.Empty(Files("a"));
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("two words")]
    [InlineData("../up")]
    [InlineData("")]
    [InlineData("1st")]
    public void NamesThatReadersTripOver_AreRefused(string name)
    {
        TableColumn good = CommonColumns.Sequence;
        Assert.Throws<ArgumentException>(() => new TableSchema(name, "", [good]));
        Assert.Throws<ArgumentException>(() => new TableSchema("good", "", [good with { Name = name }]));
        Assert.Throws<ArgumentException>(() => new TableSchema("good", "", [good, good]));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TableOrigin Origin { get; } = new(SampleLog.Identity, new string('0', 64));

    private static MemoryStorage Sample(int events, ulong seed = 1)
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, events, seed: seed);
        return storage;
    }

    private static LogRows Rows(MemoryStorage storage)
    {
        using LogReader log = LogReader.Open(storage);
        return LogRows.Of(log);
    }

    private TableManifest Project(MemoryStorage storage, string folder, TableOptions? options = null)
    {
        using LogReader log = LogReader.Open(storage);
        TableManifest manifest = ParquetProjection.Write(log, SampleLog.Catalogue, Path.Combine(_folder, folder), options);
        manifest.Write(Path.Combine(_folder, folder));
        return manifest;
    }

    private string PathOf(string folder, string table) => Path.Combine(_folder, folder, table, "part-00000.parquet");

    private List<(string Name, string Bytes)> Files(string folder)
    {
        string root = Path.Combine(_folder, folder);
        return [.. Directory.GetFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => (Path.GetRelativePath(root, file), Convert.ToBase64String(File.ReadAllBytes(file))))];
    }

    private sealed class Keep(List<RawBlock> blocks) : IBlockSink
    {
        public byte[] Submit(in RawBlock block)
        {
            blocks.Add(block with { Payload = block.Payload[..block.Length] });
            return block.Payload;
        }
    }
}
