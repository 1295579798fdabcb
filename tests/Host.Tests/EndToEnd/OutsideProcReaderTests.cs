using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>
/// Programs that read a kernel's /proc read what <c>show</c> prints: psutil in a folder, and procps' free, vmstat, slabtop and pmap, which know
/// /proc alone, in a mount namespace in which the printed files lie over the kernel's. What they find is what the views' numbers say.
/// </summary>
public sealed class OutsideProcReaderTests : IDisposable
{
    private const string Moment = "20ms";

    private static readonly string[] _files = ["meminfo", "vmstat", "zoneinfo", "slabinfo"], _ofProcess = ["maps", "smaps", "smaps_rollup", "status", "statm"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("x86_64")]
    [InlineData("i386-pae")]
    public async Task PsutilFindsWhatTheViewsSay(string profile)
    {
        string python = OutsideTools.NeedPython("psutil", "python3-psutil");
        string run = await RecordAsync(profile);
        string script = Path.Combine(OutsideTools.NodeFolder, "proc_reader.py");
        // Warnings are errors: psutil warns of lines that it misses.
        using JsonDocument read = JsonDocument.Parse(OutsideTools.Run(python, ["-W", "error", script, _folder["proc"], "1"]));
        JsonElement r = read.RootElement, info = await ViewAsync(run, "meminfo"), status = await ViewAsync(run, "status:1"), vmstat = await ViewAsync(run, "vmstat");
        Assert.Equal(Kib(info, "MemTotal"), Number(r, "memory", "total"));
        Assert.Equal(Kib(info, "MemFree"), Number(r, "memory", "free"));
        Assert.Equal(Kib(info, "MemAvailable"), Number(r, "memory", "available"));
        Assert.Equal(Kib(info, "Cached") + Kib(info, "SReclaimable"), Number(r, "memory", "cached"));
        Assert.Equal(Kib(info, "Active"), Number(r, "memory", "active"));
        Assert.Equal(Kib(info, "Shmem"), Number(r, "memory", "shared"));
        Assert.Equal(Kib(info, "SwapTotal"), Number(r, "swap", "total"));
        Assert.Equal(Kib(info, "SwapFree"), Number(r, "swap", "free"));
        Assert.Equal(vmstat.GetProperty("pswpout").GetInt64() << 12, Number(r, "swap", "sout"));
        Assert.True(Number(r, "swap", "sout") > 0, "nothing was swapped out yet");
        Assert.Equal(Kib(status, "VmRSS"), Number(r, "process", "rss"));
        Assert.Equal(Kib(status, "VmSize"), Number(r, "process", "vms"));
        Assert.Equal(Kib(status, "RssFile") + Kib(status, "RssShmem"), Number(r, "process", "shared"));
        Assert.Equal(Kib(status, "VmRSS"), r.GetProperty("rss").GetInt64());
        Assert.Equal(Kib(status, "VmSize"), r.GetProperty("size").GetInt64());
        Assert.InRange(r.GetProperty("pss").GetInt64(), 1, r.GetProperty("rss").GetInt64());
        Assert.True(r.GetProperty("areas").GetInt32() > 0);
    }

    [Fact]
    public async Task ProcpsFindsWhatTheViewsSay()
    {
        NeedProcps();
        string run = await RecordAsync("x86_64");
        NeedMounts();
        JsonElement info = await ViewAsync(run, "meminfo"), status = await ViewAsync(run, "status:1"), vmstat = await ViewAsync(run, "vmstat");
        long[] free = NumbersOf(Procps("free -b"), "Mem:"), swap = NumbersOf(Procps("free -b"), "Swap:");
        // A kernel that says 0 is taken for one that does not know.
        long available = Kib(info, "MemAvailable") is > 0 and long known ? known : Kib(info, "MemFree");
        Assert.Equal((Kib(info, "MemTotal"), Kib(info, "MemFree"), Kib(info, "Shmem"), available), (free[0], free[2], free[3], free[5]));
        Assert.Equal(Kib(info, "Buffers") + Kib(info, "Cached") + Kib(info, "SReclaimable"), free[4]);
        Assert.Equal((Kib(info, "SwapTotal"), Kib(info, "SwapFree")), (swap[0], swap[2]));

        string totals = Procps("vmstat -s");
        Assert.Equal(Kib(info, "MemTotal") >> 10, Before(totals, "K total memory"));
        Assert.Equal(Kib(info, "Active") >> 10, Before(totals, "K active memory"));
        Assert.Equal(vmstat.GetProperty("pswpin").GetInt64(), Before(totals, "pages swapped in"));
        Assert.Equal(vmstat.GetProperty("pswpout").GetInt64(), Before(totals, "pages swapped out"));

        long[] pmap = NumbersOf(Procps("pmap -x $pid"), "total kB");
        Assert.Equal((Kib(status, "VmSize") >> 10, Kib(status, "VmRSS") >> 10), (pmap[0], pmap[1]));

        long[][] slabs = [.. File.ReadLines(_folder["proc/slabinfo"]).Skip(2).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..3].Select(w => long.Parse(w, CultureInfo.InvariantCulture)).ToArray())];
        string top = Procps("slabtop -o").Split('\n').Single(l => l.Contains("Total Objects", StringComparison.Ordinal));
        Assert.Contains($": {slabs.Sum(s => s[0])} / {slabs.Sum(s => s[1])} (", top, StringComparison.Ordinal);
    }

    /// <summary>Two tasks that need more memory than there is, half way; the views' files lie in a folder like /proc.</summary>
    private async Task<string> RecordAsync(string profile)
    {
        string experiment = _folder.Write("pressed.json", $$"""
            { "machine": { "cpus": 2, "memory": "128MiB" }, "kernel": { "profile": "{{profile}}", "swap": { "device": "zram", "size": "64MiB" } },
              "workload": [ { "type": "workingset", "tasks": 2, "footprint": "56MiB", "visits": 1000 } ] }
            """);
        CommandLine.Result made = await CommandLine.RunAsync("run", experiment, "--out", _folder["run"], "--quiet");
        Assert.True(made.ExitCode == 0, made.Error);
        Directory.CreateDirectory(_folder["proc/1"]);
        foreach (string view in _files.Concat(_ofProcess.Select(f => $"{f}:1")))
        {
            CommandLine.Result shown = await CommandLine.RunAsync("show", _folder["run"], view, "--at", Moment);
            Assert.True(shown.ExitCode == 0, shown.Error);
            File.WriteAllText(_folder[view.EndsWith(":1", StringComparison.Ordinal) ? $"proc/1/{view[..^2]}" : $"proc/{view}"], shown.Out);
        }
        return _folder["run"];
    }

    private static async Task<JsonElement> ViewAsync(string run, string view)
    {
        CommandLine.Result shown = await CommandLine.RunAsync("show", run, view, "--at", Moment, "--json");
        return JsonDocument.Parse(shown.Out).RootElement is { ValueKind: JsonValueKind.Array } rows ? rows[0] : JsonDocument.Parse(shown.Out).RootElement;
    }

    private static void NeedProcps()
    {
        bool here = Array.TrueForAll(["free", "vmstat", "slabtop", "pmap", "unshare"], p => Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(f => File.Exists(Path.Combine(f, p))));
        Assert.False(!here && Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1", "SIM_REQUIRE_TOOLS=1, but procps is missing");
        Assert.SkipUnless(here, "free, vmstat, slabtop, pmap or unshare is missing here: apt-get install procps util-linux");
    }

    /// <summary>Whether this user may mount over /proc is no question of what is installed.</summary>
    private void NeedMounts() => Assert.SkipUnless(Namespace("true").Code == 0, "this user may not mount files over /proc in a namespace (unshare --mount)");

    private string Procps(string command)
    {
        (int code, string text) = Namespace(command);
        Assert.True(code == 0, $"{command}: {text}");
        return text;
    }

    /// <summary>Runs a command where the simulated files lie over /proc's, those of process 1 over a sleeping process's.</summary>
    private (int Code, string Text) Namespace(string command)
    {
        string script = $$"""
            set -e
            mount --make-rprivate /
            cd '{{_folder["proc"]}}'
            for f in {{string.Join(' ', _files)}}; do mount --bind $f /proc/$f; done
            sleep 60 & pid=$!
            trap 'kill $pid' EXIT
            for f in {{string.Join(' ', _ofProcess)}}; do mount --bind 1/$f /proc/$pid/$f; done
            {{command}}
            """;
        var start = new ProcessStartInfo("unshare", ["--mount", "sh", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        start.Environment["TERM"] = "dumb";
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, process.ExitCode == 0 ? output : errors.Result);
        }
        catch (Win32Exception e)
        {
            return (-1, e.Message);
        }
    }

    private static long[] NumbersOf(string text, string label)
    {
        string line = text.Split('\n').Single(l => l.StartsWith(label, StringComparison.Ordinal));
        return [.. line[label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => long.Parse(w, CultureInfo.InvariantCulture))];
    }

    private static long Before(string text, string label) =>
        long.Parse(text.Split('\n').Single(l => l.EndsWith(label, StringComparison.Ordinal))[..^label.Length], CultureInfo.InvariantCulture);

    private static long Kib(JsonElement row, string name) => row.GetProperty(name).GetInt64() << 10;

    private static long Number(JsonElement root, string part, string name) => root.GetProperty(part).GetProperty(name).GetInt64();
}
