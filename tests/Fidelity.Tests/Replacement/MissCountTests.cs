using System.Globalization;
using System.Text.Json;
using Sim.Host;

namespace Sim.Fidelity.Tests.Replacement;

/// <summary>
/// Every cell of traces/replacement/results.csv, counted by libCacheSim (commit aa0fc40): policies whose definition leaves nothing open
/// must miss exactly as often, those with choices of implementation within 2 %.
/// </summary>
public sealed class MissCountTests
{
    private const double Tolerance = 0.02;

    private static readonly string[] Strict = ["lru", "mru", "fifo", "clock", "clock2", "lfu", "sieve", "belady"];

    public static TheoryData<string> Policies => [.. Cells().Select(c => c.Policy).Distinct()];

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task EveryCellAgrees(string policy)
    {
        Cell[] cells = [.. Cells().Where(c => c.Policy == policy)];
        Assert.Equal(10, cells.Length);
        foreach (Cell cell in cells)
        {
            using var output = new StringWriter();
            string trace = Path.Combine(Folder(), cell.Trace + ".txt.gz");
            int code = await SimApplication.RunAsync(
                ["replacement", "--policy", policy, "--frames", cell.Frames.ToString(CultureInfo.InvariantCulture), trace, "--json"],
                new StandardStreams(output, TextWriter.Null, ErrorIsTerminal: false, Color: false), TestContext.Current.CancellationToken);
            Assert.Equal(0, code);
            JsonElement result = JsonDocument.Parse(output.ToString()).RootElement;
            long misses = result.GetProperty("misses").GetInt64();
            Assert.Equal(cell.References, result.GetProperty("references").GetInt64());
            Assert.Equal(cell.References - misses, result.GetProperty("hits").GetInt64());
            Assert.Equal(cell.Frames, result.GetProperty("frames").GetInt32());
            Assert.Equal((double)misses / cell.References, result.GetProperty("missRatio").GetDouble());
            if (Strict.Contains(policy))
            {
                Assert.Equal(cell.Misses, misses);
            }
            else
            {
                Assert.InRange(misses, (long)Math.Ceiling(cell.Misses * (1 - Tolerance)), (long)(cell.Misses * (1 + Tolerance)));
            }
        }
    }

    private static IEnumerable<Cell> Cells() => File.ReadLines(Path.Combine(Folder(), "results.csv")).Skip(1).Select(l => l.Split(','))
        .Select(f => new Cell(f[0], f[1], Int(f[2]), Int(f[3]), Int(f[4])));

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Folder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sim.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return Path.Combine(folder!, "traces", "replacement");
    }

    private sealed record Cell(string Trace, string Policy, int Frames, int References, int Misses);
}
