using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Workloads;

/// <summary>The shipped experiments under memory pressure: they swap, refault, thrash and kill, and their logs fold and replay.</summary>
public class PressureRunTests
{
    [Fact]
    public async Task Pressure_SwapsAndRefaults()
    {
        string run = await Run("pressure");
        JsonElement vmstat = await Row(run, "vmstat");
        long Of(string name) => vmstat.GetProperty(name).GetInt64();
        Assert.True(Of("pswpout") > 1_000);
        Assert.True(Of("pswpin") > 1_000);
        Assert.True(Of("workingset_refault_anon") > 1_000);
        Assert.True(Of("workingset_activate_anon") > 0);
        Assert.True(Of("pgsteal_kswapd") > 1_000);
        Assert.True(Of("pageoutrun") > 0);
        Assert.Equal(0, Of("oom_kill"));
        Assert.Equal(Of("pgscan_kswapd") + Of("pgscan_direct"), Of("pgscan_anon") + Of("pgscan_file"));
        Assert.Equal(Of("pgsteal_kswapd") + Of("pgsteal_direct"), Of("pgsteal_anon") + Of("pgsteal_file"));
        // As in the recording of a kernel that swaps: its devices move nothing else after boot.
        List<Dictionary<string, long>> recorded = Recorded("swapfrag-256");
        Assert.Equal(recorded[^1]["pgpgin"] - recorded[0]["pgpgin"], 4 * (recorded[^1]["pswpin"] - recorded[0]["pswpin"]));
        Assert.Equal(recorded[^1]["pgpgout"] - recorded[0]["pgpgout"], 4 * (recorded[^1]["pswpout"] - recorded[0]["pswpout"]));
        Assert.Equal((Of("pgpgin"), Of("pgpgout")), (4 * Of("pswpin"), 4 * Of("pswpout")));
        JsonElement meminfo = await Row(run, "meminfo", "--at", "100ms");
        Assert.True(meminfo.GetProperty("SwapFree").GetInt64() < meminfo.GetProperty("SwapTotal").GetInt64());
        Assert.Equal(
            meminfo.GetProperty("Active").GetInt64(),
            meminfo.GetProperty("Active(anon)").GetInt64() + meminfo.GetProperty("Active(file)").GetInt64());
        Directory.Delete(Path.GetDirectoryName(run)!, recursive: true);
    }

    /// <summary>Memory of two processes is swapped out and comes back; it is nobody's own.</summary>
    [Fact]
    public async Task Shared_IsSwappedOutOnceForBoth()
    {
        string run = await Run("shared");
        JsonElement vmstat = await Row(run, "vmstat"), meminfo = await Row(run, "meminfo", "--at", "100ms");
        long Of(string name) => vmstat.GetProperty(name).GetInt64();
        Assert.True(Of("pswpout") > 1_000);
        Assert.True(Of("pswpin") > 1_000);
        Assert.True(Of("pgmajfault") > 1_000);
        Assert.Equal((0, 0), (Of("nr_shmem"), Of("oom_kill")));
        Assert.True(meminfo.GetProperty("Shmem").GetInt64() > 30_000);
        long used = (await Row(run, "swaps", "--at", "100ms")).GetProperty("used").GetInt64();
        Assert.True(used > 10_000);
        foreach (int pid in Enumerable.Range(1, 2))
        {
            JsonElement status = await Row(run, $"status:{pid}", "--at", "100ms");
            Assert.Equal(0, status.GetProperty("VmSwap").GetInt64());
            Assert.True(status.GetProperty("RssShmem").GetInt64() > 10_000);
        }
        Directory.Delete(Path.GetDirectoryName(run)!, recursive: true);
    }

    [Fact]
    public async Task Thrash_EndsInAKill()
    {
        string run = await Run("thrash");
        JsonElement vmstat = await Row(run, "vmstat");
        Assert.Equal(1, vmstat.GetProperty("oom_kill").GetInt64());
        Assert.True(vmstat.GetProperty("pgmajfault").GetInt64() > 1_000);
        Assert.Equal(0, (await Row(run, "swaps")).GetProperty("used").GetInt64());
        CommandLine.Result report = await CommandLine.RunAsync("show", run, "oom");
        // For a new page, or for one that was swapped out.
        Assert.Matches(@"invoked oom-killer: gfp_mask=0x100(dca\(GFP_HIGHUSER_MOVABLE\|__GFP_ZERO\)|cca\(GFP_HIGHUSER_MOVABLE\)), order=0", report.Out);
        Assert.Contains("Out of memory: Killed process", report.Out);
        Directory.Delete(Path.GetDirectoryName(run)!, recursive: true);
    }

    /// <summary>Files are read ahead, written behind, and throttled; what is dirty stays below its limit.</summary>
    [Fact]
    public async Task Files_AreReadAheadAndWrittenBehind()
    {
        string run = await Run("files");
        JsonElement vmstat = await Row(run, "vmstat");
        long Of(string name) => vmstat.GetProperty(name).GetInt64();
        Assert.True(Of("pgpgin") > 64 << 10);
        Assert.True(Of("nr_written") > 1_000);
        Assert.Equal(Of("nr_dirtied"), Of("nr_written") + Of("nr_dirty") + Of("nr_writeback"));
        Assert.InRange(Of("nr_dirty") + Of("nr_writeback"), 0, Of("nr_dirty_threshold"));
        Assert.True(Of("workingset_refault_file") > 0);
        Assert.Equal(0, Of("oom_kill") + Of("pswpout"));
        JsonElement meminfo = await Row(run, "meminfo");
        Assert.Equal((4 * Of("nr_dirty"), 4 * Of("nr_writeback")), (meminfo.GetProperty("Dirty").GetInt64(), meminfo.GetProperty("Writeback").GetInt64()));
        Directory.Delete(Path.GetDirectoryName(run)!, recursive: true);
    }

    /// <summary>The counters of /proc/vmstat at each checkpoint of a recording that has them.</summary>
    private static List<Dictionary<string, long>> Recorded(string capture)
    {
        using var text = new StreamReader(new GZipStream(
            File.OpenRead(Path.Combine(Repository.Root, "traces", "captures", capture, "checkpoints.txt.gz")), CompressionMode.Decompress));
        var checkpoints = new List<Dictionary<string, long>>();
        while (text.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "pgpgin")
            {
                checkpoints.Add([]);
            }
            if (words.Length == 2 && words[0] is "pgpgin" or "pgpgout" or "pswpin" or "pswpout")
            {
                checkpoints[^1][words[0]] = long.Parse(words[1], CultureInfo.InvariantCulture);
            }
        }
        return checkpoints;
    }

    private static async Task<string> Run(string experiment)
    {
        string run = Path.Combine(Directory.CreateTempSubdirectory("sim-").FullName, "run");
        CommandLine.Result result = await CommandLine.RunAsync("run", Path.Combine(Repository.Root, "traces", experiment + ".json"), "--out", run);
        Assert.Equal(0, result.ExitCode);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.Equal(0, verified.ExitCode);
        return run;
    }

    private static async Task<JsonElement> Row(string run, string view, params string[] more)
    {
        CommandLine.Result shown = await CommandLine.RunAsync(["show", run, view, "--json", .. more]);
        using JsonDocument rows = JsonDocument.Parse(shown.Out);
        return rows.RootElement[0].Clone();
    }
}
