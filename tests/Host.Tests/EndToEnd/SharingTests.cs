using System.Globalization;
using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>
/// Mission row 11, the whole of <c>traces/sharing.json</c> seen from outside: who maps which frame, counted over all processes, is what each
/// frame's count and each area's proportional share say.
/// </summary>
public sealed class SharingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task CountsAndSharesAreThoseOfTheFramesThatProcessesHaveInCommon()
    {
        string experiment = Path.Combine(OutsideTools.RepositoryRoot, "traces", "sharing.json");
        CommandLine.Result made = await CommandLine.RunAsync("run", experiment, "--out", _folder["run"], "--quiet");
        Assert.True(made.ExitCode == 0, made.Error);
        // Two that execute one program; those and their children; two that share a file; two that share memory.
        foreach ((string moment, int[] pids, string kind, int least) in ((string, int[], string, int)[])[
            ("2400us", [1, 2], "file", 50), ("2425us", [1, 2, 3, 4], "anon", 40), ("5ms", [5, 6], "file", 16), ("20ms", [7, 8], "shmem", 32)])
        {
            var frames = new Dictionary<long, List<(int Pid, string Vpn, JsonElement Page)>>();
            var shares = new Dictionary<int, long>();
            foreach (int pid in pids)
            {
                foreach (JsonElement page in await RowsAsync($"pagemap:{pid}", moment))
                {
                    if (page.GetProperty("present").GetBoolean())
                    {
                        long pfn = page.GetProperty("pfn").GetInt64();
                        frames.TryAdd(pfn, []);
                        frames[pfn].Add((pid, page.GetProperty("vpn").GetString()!, page));
                    }
                }
                shares[pid] = (await RowsAsync($"smaps_rollup:{pid}", moment))[0].GetProperty("Pss").GetInt64();
            }
            int common = 0;
            foreach ((long pfn, var mappers) in frames)
            {
                string of = mappers[0].Page.GetProperty("kind").GetString()!;
                Assert.All(mappers, m => Assert.Equal(mappers.Count, m.Page.GetProperty("mapcount").GetInt32()));
                common += mappers.Count > 1 && of == kind ? 1 : 0;
                // What two have in common may be written by both only where it is shared memory or a file mapped shared.
                Assert.True(of != "anon" || mappers.Count == 1 || mappers.All(m => !m.Page.GetProperty("write").GetBoolean()), $"{moment}: 0x{pfn:x}");
            }
            Assert.True(common >= least, $"{moment}: {common} frames of {kind} in common");
            foreach (int pid in pids)
            {
                // Of a page that n map each has 4/n KiB.
                double share = frames.Values.SelectMany(m => m.Where(x => x.Pid == pid).Select(_ => 4.0 / m.Count)).Sum();
                Assert.InRange(share - shares[pid], 0, 1);
            }
        }
    }

    private async Task<JsonElement[]> RowsAsync(string view, string moment)
    {
        CommandLine.Result shown = await CommandLine.RunAsync("show", _folder["run"], view, "--at", moment, "--json");
        Assert.True(shown.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{view} --at {moment}: {shown.Error}"));
        return [.. JsonDocument.Parse(shown.Out).RootElement.EnumerateArray()];
    }
}
