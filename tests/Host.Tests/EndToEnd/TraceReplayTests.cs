using System.Globalization;
using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Traces;
using Sim.Host.Traces;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>
/// The replay of a real program's trace, compared with <c>touched_pages.py</c>, which shares no code with the simulator:
/// the same number of accesses, the same anonymous pages faulted in, no frame for a page never touched.
/// </summary>
[Collection(RunCollection.Name)]
public sealed class TraceReplayTests(RunLibrary library)
{
    private static string Script => TraceFolder.Repository("tests/Host.Tests/Traces/touched_pages.py");

    [Fact]
    public void SmallProgramFaultsInWhatItTouches() => Compare(library.Trace(), TraceFolder.Golden("mappings.lackey.gz"), "golden-replay");

    /// <summary>Minutes of work for the script; see tests/README.md.</summary>
    [Theory]
    [InlineData("sort")]
    [InlineData("gzip")]
    [InlineData("sqlite3")]
    [InlineData("cc1")]
    public void ShippedTraceFaultsInWhatItTouches(string name)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1", "takes minutes: set SIM_LONG_TESTS=1");
        string trace = TraceFolder.Repository($"traces/{name}.simtrace"), text = library.Folder[name + ".txt"];
        using (TraceReader reader = TraceReader.Open(trace))
        {
            using FileStream dump = File.Create(text);
            TraceTextDump.Write(reader, dump);
        }
        Compare(trace, text, name + "-replay");
        File.Delete(text);
    }

    /// <param name="trace">What is replayed.</param>
    /// <param name="text">The same for the script.</param>
    /// <param name="name">Name of the run.</param>
    private void Compare(string trace, string text, string name)
    {
        CommandLine.Result counted = ChildProcess.Finish(OutsideTools.NeedPython("json", "python3"), Script, text, "--pages");
        Assert.True(counted.ExitCode == 0, counted.Error);
        using JsonDocument expected = JsonDocument.Parse(counted.Out);
        string run = library.Record(
            library.Folder.Write(name + ".json", JsonSerializer.Serialize(new
            {
                machine = new { memory = "256MiB" },
                log = new { categories = (string[])["-tlb", "-dram"] },
                workload = (object[])[new { type = "trace", file = trace }],
            })), name);

        using JsonDocument statistics = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "stats.json")));
        JsonElement counters = statistics.RootElement.GetProperty("counters");
        Assert.Equal(expected.RootElement.GetProperty("accesses").GetInt64(), counters.GetProperty("trace-0.accesses").GetInt64());
        Assert.Equal(0, counters.GetProperty("trace-0.callsWithOtherResult").GetInt64());

        SortedDictionary<long, int> script = [];
        foreach (JsonProperty page in expected.RootElement.GetProperty("pages").EnumerateObject())
        {
            script.Add(Page(page.Name), page.Value.GetInt32());
        }
        Assert.Equal(script, FaultedIn(run));
        Assert.Equal(
            expected.RootElement.GetProperty("touchedPagesAtEnd").EnumerateArray().Select(p => Page(p.GetString()!)).Order(),
            PagesAtEnd(run));
    }

    private static long Page(string address) => long.Parse(address, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) >> 12;

    /// <summary>Pages of areas without a file and how often each was faulted in: by a write, or by a read, which maps the zero page.</summary>
    private static SortedDictionary<long, int> FaultedIn(string run)
    {
        SortedDictionary<long, int> pages = [];
        foreach (JsonElement fault in Lines(run, "fault.anon", "fault.zero"))
        {
            long vpn = fault.GetProperty("fields").GetProperty("vpn").GetInt64();
            pages[vpn] = pages.GetValueOrDefault(vpn) + 1;
        }
        return pages;
    }

    /// <summary>Pages of areas without a file that have an entry in the page table just before the program exits.</summary>
    private static List<long> PagesAtEnd(string run)
    {
        JsonElement exit = Assert.Single(Lines(run, "task.exit"));
        Assert.Equal(0, exit.GetProperty("fields").GetProperty("signal").GetInt32());
        string pid = exit.GetProperty("fields").GetProperty("pid").GetRawText();
        string before = (exit.GetProperty("sequence").GetInt64() - 1).ToString(CultureInfo.InvariantCulture);
        using JsonDocument maps = JsonDocument.Parse(ChildProcess.Sim("show", run, $"maps:{pid}", "--goto", before, "--json").Out);
        using JsonDocument pagemap = JsonDocument.Parse(ChildProcess.Sim("show", run, $"pagemap:{pid}", "--goto", before, "--json").Out);
        List<(long Start, long End)> anonymous =
        [
            .. maps.RootElement.EnumerateArray().Where(a => a.GetProperty("inode").GetInt64() == 0)
                .Select(a => (Page(Hex(a, "start")), Page(Hex(a, "end")))),
        ];
        return
        [
            .. pagemap.RootElement.EnumerateArray()
                .Select(p => long.Parse(Hex(p, "vpn"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
                .Where(vpn => anonymous.Exists(a => a.Start <= vpn && vpn < a.End)).Order(),
        ];
    }

    private static string Hex(JsonElement row, string name) => row.GetProperty(name).GetString()![2..];

    private static List<JsonElement> Lines(string run, params string[] kinds)
    {
        CommandLine.Result events = ChildProcess.Sim(["events", run, "--json", .. kinds.SelectMany(k => (string[])["--kind", k])]);
        Assert.True(events.ExitCode == 0, events.Error);
        return [.. events.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))];
    }
}
