using System.Diagnostics;
using System.Runtime.InteropServices;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Commands;

/// <summary>The program as a process of its own: its surroundings change nothing, and signals end it cleanly.</summary>
public sealed partial class ProcessTests
{
    private const string Small =
        """
        { "machine": { "memory": "128MiB", "cpus": 2 }, "stop": { "events": 50000 }, "workload": [ { "type": "fragmentation" } ] }
        """;

    private const string Endless =
        """
        { "machine": { "memory": "128MiB" }, "log": { "codec": "none" }, "workload": [ { "type": "fragmentation", "duration": "1000s" } ] }
        """;

    [Fact]
    public void SurroundingsChangeNoByteOfTheLog()
    {
        using var folder = new TemporaryFolder();
        string experiment = folder.Write("small.json", Small);
        (string Name, string Variable, string Value)[] surroundings =
        [
            ("plain", "NOTHING", "0"), ("pgo", "DOTNET_TieredPGO", "0"), ("gc", "DOTNET_gcServer", "1"), ("language", "LANG", "tr_TR.UTF-8"),
            ("zone", "TZ", "Asia/Kathmandu"), ("core", "DOTNET_PROCESSOR_COUNT", "1"), ("settings", "machine__cpus", "7"),
        ];
        foreach ((string name, string variable, string value) in surroundings)
        {
            using Process process = Start(folder, (variable, value), "run", experiment, "--out", folder[name], "--quiet");
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error);
        }
        byte[] Log(string name) => File.ReadAllBytes(folder[$"{name}/log/00000000000000000000.evlog"]);
        byte[] plain = Log("plain");
        Assert.All(surroundings, s => Assert.Equal(plain, Log(s.Name)));
        Assert.All(surroundings, s => Assert.Equal(File.ReadAllText(folder["plain/manifest.json"]), File.ReadAllText(folder[$"{s.Name}/manifest.json"])));
    }

    [Fact]
    public void FirstSignalSealsTheLogAndReturns130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs POSIX signals");
        using var folder = new TemporaryFolder();
        using Process process = Start(folder, ("NO_COLOR", "1"), "run", folder.Write("endless.json", Endless), "--out", folder["run"], "--json");
        WaitForLog(folder["run/log"]);
        Assert.Equal(0, Kill(process.Id, 15));
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("\"status\":\"interrupted\"", output);
        using var log = Engine.Log.LogReader.Open(folder["run/log"]);
        Assert.Equal(Engine.Log.LogEnd.Provisional, log.End);
    }

    [Fact]
    public void DefaultDirectoryIsNumberedAndLatestPointsAtTheNewest()
    {
        using var folder = new TemporaryFolder();
        string experiment = folder.Write("small.json", Small);
        for (int n = 1; n <= 2; n++)
        {
            using Process process = Start(folder, ("NOTHING", "0"), "run", experiment, "--quiet", "--seed", "3");
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            Assert.Equal($"small-3-{n}", new FileInfo(folder["runs/latest"]).LinkTarget);
        }
        Assert.Equal(["latest", "small-3-1", "small-3-2"],
            Directory.GetFileSystemEntries(folder["runs"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static Process Start(TemporaryFolder folder, (string Name, string Value) variable, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "sim.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            WorkingDirectory = folder.Path,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment[variable.Name] = variable.Value;
        start.ArgumentList.Add(program);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    /// <summary>Waits until blocks of events are in the log.</summary>
    private static void WaitForLog(string path)
    {
        for (int i = 0; i < 600; i++)
        {
            if (Directory.Exists(path) && Directory.GetFiles(path, "*.evlog").Any(f => new FileInfo(f).Length > 1_000_000))
            {
                return;
            }
            Thread.Sleep(100);
        }
        Assert.Fail("The run wrote no log within a minute.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
