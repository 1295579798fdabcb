using System.Text;
using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Tests.Tables;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Shims.Tests;
using Sim.Shims.Tests.Parquet;

namespace Sim.Host.Tests.Exports;

/// <summary>The tables of one small real run of several workloads.</summary>
public sealed class ExportCommandTests : IClassFixture<ExportCommandTests.ExportedRun>
{
    private static readonly string[] Sampled = ["fragmentation", "slab_usage"];

    private readonly ExportedRun _run;

    public ExportCommandTests(ExportedRun run) => _run = run;

    private string Tables => Path.Combine(_run.Directory, "tables");

    [Theory]
    [InlineData("duckdb")]
    [InlineData("hyparquet")]
    [InlineData("parquet-wasm")]
    public void EveryColumnOfEveryEventTable_IsTheLogs(string reader)
    {
        string node = OutsideTools.NeedNode("@duckdb/node-api", "hyparquet", "parquet-wasm", "apache-arrow");
        using LogReader log = LogReader.Open(Path.Combine(_run.Directory, "log"));
        LogRows expected = LogRows.Of(log);
        string[] tables = [.. TableNames().Except(Sampled)];
        Assert.Equal(expected.Tables.Keys.Order(StringComparer.Ordinal), tables);
        Assert.Empty(((string[])["page_alloc", "slab_alloc", "cpu_enter", "vma_mmap", "fault_anon", "tlb_fill", "dram_activate", "symbol"]).Except(tables));
        byte[] output = OutsideTools.Run(node, ["parquet-summary.mjs", reader, .. tables.Select(PathOf)]);
        string[] lines = Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(tables.Length, lines.Length);
        for (int i = 0; i < tables.Length; i++)
        {
            FileSummary found = JsonSerializer.Deserialize<FileSummary>(lines[i])!;
            Dictionary<string, List<object>> rows = expected.Tables[tables[i]];
            Assert.Equal((tables[i], rows["seq"].Count), (tables[i], found.Rows));
            Assert.Equal(rows.Keys, found.Columns.Keys);
            Assert.All(rows, column => Assert.Equal(
                (column.Key, ColumnSummary.Of(column.Value.ToArray())), (column.Key, found.Columns[column.Key])));
        }
    }

    [Fact]
    public void LongTables_AreNoLargerThanDuckDbsOfTheSameRows()
    {
        string node = OutsideTools.NeedNode("@duckdb/node-api");
        string copy = Path.Combine(_run.Directory, "copy.parquet");
        int compared = 0;
        foreach (string table in TableNames())
        {
            if (new FileInfo(PathOf(table)).Length > 50_000)
            {
                OutsideTools.Run(node, ["parquet-duckdb.mjs", "copy", PathOf(table), copy]);
                Assert.True(new FileInfo(PathOf(table)).Length <= new FileInfo(copy).Length, table);
                compared++;
            }
        }
        Assert.True(compared >= 3);
    }

    [Fact]
    public async Task FragmentationSamples_AreWhatShowShows()
    {
        Array[] columns = await TestTable.ReadAsync(await File.ReadAllBytesAsync(PathOf("fragmentation"), TestContext.Current.CancellationToken));
        long[] sequences = (long[])columns[1], times = (long[])columns[3];
        string?[] zones = (string?[])columns[4];
        int[] orders = (int[])columns[5], extfrag = (int[])columns[13], unusable = (int[])columns[14];
        long[] blocks = (long[])columns[6];
        Assert.Equal(Enumerable.Range(0, 11), orders.Distinct());
        Assert.InRange(times.Distinct().Count(), 100, 1001);
        Assert.Equal(RunDirectory.Open(_run.Directory).ReadManifest().LastSequence, sequences[^1]);
        for (int type = 0; type < 5; type++)
        {
            Assert.All((long[])columns[8 + type], count => Assert.True(count >= 0));
        }
        foreach (int row in new[] { 0, sequences.Length / 3, sequences.Length / 2, sequences.Length - 1 })
        {
            string at = $"{times[row]}ps";
            JsonElement buddy = await ShowAsync("buddyinfo", zones[row]!, at), indexes = await ShowAsync("extfrag", zones[row]!, at);
            for (int i = 0; i < sequences.Length; i++)
            {
                if (times[i] == times[row] && zones[i] == zones[row])
                {
                    int order = orders[i];
                    Assert.Equal(buddy.GetProperty("nr_free")[order].GetInt64(), blocks[i]);
                    Assert.Equal(blocks[i], Enumerable.Range(8, 5).Sum(column => ((long[])columns[column])[i]));
                    Assert.Equal(indexes.GetProperty("extfrag_index")[order].GetInt32(), extfrag[i]);
                    Assert.Equal(indexes.GetProperty("unusable_index")[order].GetInt32(), unusable[i]);
                }
            }
        }
    }

    [Fact]
    public async Task ExportingAgain_GivesTheSameBytes_AndReplacesOlderTables()
    {
        SortedDictionary<string, string> first = Files(Tables);
        string copy = _run.Copy("again");
        Directory.CreateDirectory(Path.Combine(copy, "tables", "stale"));
        CommandLine.Result result = await CommandLine.RunAsync("export", copy, "--to", "parquet");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(first, Files(Path.Combine(copy, "tables")));
        Assert.False(Directory.Exists(Path.Combine(copy, "tables", "stale")));
        AssertNothingStaged(copy);
        string elsewhere = Path.Combine(copy, "elsewhere");
        Assert.Equal(0, (await CommandLine.RunAsync("export", copy, "--to", "parquet", "--out", elsewhere)).ExitCode);
        Assert.Equal(first, Files(elsewhere));
    }

    [Fact]
    public async Task JsonListsTheTables_AndSoDoesTheManifest()
    {
        CommandLine.Result result = await CommandLine.RunAsync("export", _run.Directory, "--to", "parquet", "--sample", "none", "--out", Path.Combine(_run.Directory, "plain"), "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using JsonDocument printed = JsonDocument.Parse(result.Out);
        RunManifest run = RunDirectory.Open(_run.Directory).ReadManifest();
        Assert.Equal(run.Events, printed.RootElement.GetProperty("events").GetInt64());
        Assert.Equal(run.Events, printed.RootElement.GetProperty("rows").GetInt64());
        string[] names = [.. printed.RootElement.GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("table").GetString()!)];
        Assert.Equal(TableNames().Except(Sampled), names);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(Tables, "_manifest.json")));
        Assert.Equal(run.ChainHash, manifest.RootElement.GetProperty("chainHash").GetString());
        Assert.Equal(TableNames(), manifest.RootElement.GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("table").GetString()));
        foreach (JsonElement file in manifest.RootElement.GetProperty("tables").EnumerateArray().SelectMany(table => table.GetProperty("files").EnumerateArray()))
        {
            Assert.Equal(file.GetProperty("bytes").GetInt64(), new FileInfo(Path.Combine(Tables, file.GetProperty("path").GetString()!)).Length);
        }
    }

    [Theory]
    [InlineData("--to csv", "--to csv: this build writes parquet.")]
    [InlineData("--to parquet --sample 5", "--sample 5: expected a time with its unit")]
    [InlineData("--to parquet --sample 0ms", "--sample 0ms: expected a time greater than 0, or none.")]
    [InlineData("--to parquet --out .", "The output directory . exists.")]
    public async Task AWrongCommandLine_IsAUsageError(string arguments, string message) =>
        CommandLine.AssertRefused(await CommandLine.RunAsync(["export", _run.Directory, .. arguments.Split(' ')]), ExitCode.Usage, message);

    [Fact]
    public async Task WithoutARun_OrAPlaceToWrite_OneMessageSaysSo()
    {
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("export", Path.Combine(_run.Directory, "none"), "--to", "parquet"), ExitCode.Configuration, "There is no run directory");
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("export", _run.Directory, "--to", "parquet", "--out", Path.Combine(_run.Directory, "manifest.json", "x")),
            ExitCode.InputOutput, "manifest.json");
    }

    [Fact]
    public async Task OfADamagedLog_NothingIsLeft()
    {
        string copy = _run.Copy("damaged");
        Directory.Delete(Path.Combine(copy, "tables"), recursive: true);
        string segment = Directory.GetFiles(Path.Combine(copy, "log")).Single();
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(segment, bytes);
        CommandLine.AssertRefused(await CommandLine.RunAsync("export", copy, "--to", "parquet"), ExitCode.CorruptLog, $"{copy}: the log is damaged: 00000000000000000000.evlog, block ");
        Assert.Empty(Directory.GetDirectories(copy, "tables*"));
    }

    [Fact]
    public async Task OfACutLog_TheSoundPartIsExported()
    {
        string copy = _run.Copy("cut");
        using (FileStream file = File.OpenWrite(Directory.GetFiles(Path.Combine(copy, "log")).Single()))
        {
            file.SetLength(file.Length / 2);
        }
        CommandLine.Result result = await CommandLine.RunAsync("export", copy, "--to", "parquet", "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("note: the log ends after event ", result.Error);
        using JsonDocument printed = JsonDocument.Parse(result.Out);
        Assert.InRange(printed.RootElement.GetProperty("events").GetInt64(), 10_000, 100_000);
    }

    [Fact]
    public async Task Interrupted_ItLeavesOlderTablesAsTheyWere()
    {
        string copy = _run.Copy("interrupted");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        CommandLine.Result result = await CommandLine.RunAsync(null, stop.Token, "export", copy, "--to", "parquet");
        Assert.Equal(130, result.ExitCode);
        Assert.Equal(Files(Tables), Files(Path.Combine(copy, "tables")));
        AssertNothingStaged(copy);
    }

    private static SortedDictionary<string, string> Files(string folder) => new(
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
            file => Path.GetRelativePath(folder, file), file => Convert.ToBase64String(File.ReadAllBytes(file))),
        StringComparer.Ordinal);

    private static void AssertNothingStaged(string run) =>
        Assert.DoesNotContain(Directory.GetDirectories(run), folder => Path.GetFileName(folder).StartsWith("tables.", StringComparison.Ordinal));

    private async Task<JsonElement> ShowAsync(string view, string zone, string at)
    {
        CommandLine.Result result = await CommandLine.RunAsync("show", _run.Directory, view, "--json", "--at", at);
        Assert.Equal(0, result.ExitCode);
        return JsonDocument.Parse(result.Out).RootElement.EnumerateArray().Single(
            row => string.Equals(row.GetProperty("zone").GetString(), zone.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
    }

    private string[] TableNames() =>
        [.. Directory.GetDirectories(Tables).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    private string PathOf(string table) => Path.Combine(Tables, table, "part-00000.parquet");

    /// <summary>A run with all kinds of fields in its events (but those of traces), and its tables.</summary>
    public sealed class ExportedRun : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal string Directory => _folder["run"];

        public async ValueTask InitializeAsync()
        {
            string experiment = _folder.Write("mixed.json",
                """
                { "machine": { "memory": "128MiB" }, "log": { "checkpointEvery": 5000 }, "stop": { "events": 180000 },
                  "workload": [
                    { "type": "fragmentation", "duration": "1500us" },
                    { "type": "slab", "duration": "300us" },
                    { "type": "processes", "rounds": 40, "liveMappings": 4, "maxPages": 32 } ] }
                """);
            foreach (string[] line in (string[][])[["run", experiment, "--out", Directory, "--quiet"], ["export", Directory, "--to", "parquet"]])
            {
                CommandLine.Result result = await CommandLine.RunAsync(line);
                Assert.True(result.ExitCode == 0, result.Error);
            }
        }

        internal string Copy(string name)
        {
            foreach (string file in System.IO.Directory.GetFiles(Directory, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(_folder[name], Path.GetRelativePath(Directory, file));
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return _folder[name];
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
