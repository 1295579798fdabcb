using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sim.Engine.Random;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>
/// Runs that are killed or interrupted at random moments, again and again, and resumed each time: the finished log has the very
/// bytes of a run that nobody disturbed (T8). Short here; SIM_LONG_TESTS=1 gives 200 of each signal and 20 million events.
/// </summary>
public sealed class ResumeTests(ResumeTests.Undisturbed reference) : IClassFixture<ResumeTests.Undisturbed>
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1";

    [Theory]
    [InlineData("KILL", 10)]
    [InlineData("INT", 10)]
    [InlineData("TERM", 10)]
    public async Task TheFinishedLogIsThatOfAnUndisturbedRun(string signal, int signals)
    {
        signals = Long ? 200 : signals;
        ulong seed = Environment.GetEnvironmentVariable("SIM_SEED") is { } given ? ulong.Parse(given, CultureInfo.InvariantCulture) : 1;
        var random = new RandomStream(seed, signal);
        int sent = 0;
        for (int chain = 0; sent < signals; chain++)
        {
            string run = reference.Folder[$"{signal}-{chain}"];
            string[] command = reference.Command(run);
            string story = $"seed {seed}, {signal}, chain {chain}:";
            while (true)
            {
                int delayMs = 100 + (int)random.NextBelow((ulong)reference.DurationMs / 2);
                bool disturb = sent < signals && random.NextChance(4, 5);
                using ChildProcess process = ChildProcess.Start("dotnet", [ChildProcess.SimDll, .. command]);
                if (disturb)
                {
                    await Task.Delay(delayMs, TestContext.Current.CancellationToken);
                    if (!process.HasExited)
                    {
                        process.Signal(signal);
                        sent++;
                    }
                }
                CommandLine.Result result = process.Finish();
                story += $" {result.ExitCode} after {(disturb ? $"{delayMs} ms" : "its end")},";
                if (result.ExitCode == 0)
                {
                    break;
                }
                bool begun = File.Exists(Path.Combine(run, "manifest.json"));
                // A signal that comes before the program listens ends it as it ends any.
                Assert.True(result.ExitCode == (signal == "KILL" ? 137 : 130) || (signal == "TERM" && result.ExitCode == 143), $"{story}\n{result.Error}");
                if (begun)
                {
                    command = ["run", "--resume", run, "--quiet"];
                    continue;
                }
                // Killed before there was a run to resume.
                TemporaryFolder.Delete(run);
            }
            Assert.True(reference.Log.SequenceEqual(Undisturbed.LogOf(run)), $"{story} the log is another");
            Assert.Equal(reference.Manifest with { Snapshots = [] }, RunDirectory.Open(run).ReadManifest() with { Snapshots = [] }, ManifestText.Same);
            TemporaryFolder.Delete(run);
        }
    }

    /// <summary>The space on a small disk runs out, comes back, runs out again: the run ends with 74 each time, and goes on.</summary>
    [Theory]
    [InlineData("seal", 3, 5)]
    [InlineData("block", 2, 7)]
    public void GoesOnWhenThereIsSpaceAgain(string durability, int sizeMb, int moreMb)
    {
        string disk = reference.Folder["disk-" + durability];
        Directory.CreateDirectory(disk);
        ChildProcess.Need(
            OperatingSystem.IsLinux() && ChildProcess.Succeeds("mount", "-t", "tmpfs", "-o", $"size={sizeMb}m", "tmpfs", disk),
            "a small tmpfs cannot be mounted here; it takes root");
        try
        {
            string run = Path.Combine(disk, "run");
            CommandLine.Result result = ChildProcess.Sim([.. reference.Command(run), "--durability", durability]);
            int full = 0;
            while (result.ExitCode == 74)
            {
                Assert.Contains("surely on disk", result.Error);
                Assert.Contains($"sim run --resume {run}", result.Error);
                full++;
                sizeMb += moreMb;
                Assert.True(ChildProcess.Succeeds("mount", "-o", $"remount,size={sizeMb}m", disk));
                result = ChildProcess.Sim("run", "--resume", run, "--quiet");
            }
            Assert.True(result.ExitCode == 0, result.Error);
            Assert.InRange(full, 1, 100);
            Assert.Equal(reference.Log, Undisturbed.LogOf(run));
        }
        finally
        {
            ChildProcess.Succeeds("umount", disk);
        }
    }

    [Fact]
    public void ACompleteRunHasNothingToResume()
    {
        CommandLine.Result result = ChildProcess.Sim("run", "--resume", reference.Run);
        Assert.Equal((0, ""), (result.ExitCode, result.Out));
        Assert.Contains("is complete; there is nothing to resume", result.Error);
        result = ChildProcess.Sim("run", "--resume", reference.Run, "--json");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.Equal(reference.Run, json.RootElement.GetProperty("run").GetString());
        Assert.Equal(reference.Manifest.ChainHash, json.RootElement.GetProperty("manifest").GetProperty("chainHash").GetString());
    }

    /// <summary>A run at work, stopped in its tracks so that its files stand still: nobody else writes there.</summary>
    [Fact]
    public void WhileARunIsAtWork_NobodyElseChangesAByteOfIt()
    {
        string run = reference.Folder["at-work"];
        using ChildProcess process = ChildProcess.Start("dotnet", [ChildProcess.SimDll, .. reference.Command(run)]);
        string log = Path.Combine(run, "log");
        Assert.True(SpinWait.SpinUntil(() => process.HasExited || (Directory.Exists(log) && Directory.GetFiles(log, "*.evlog").Length > 0), 120_000));
        process.Signal("STOP");
        Thread.Sleep(100);
        string[] before = Files(run);
        foreach (string[] command in (string[][])[["run", "--resume", run, "--quiet"], ["run", "--resume", run, "--json"], ["repair", run, "--out", run + "-copy"]])
        {
            CommandLine.Result refused = ChildProcess.Sim(command);
            Assert.Equal((74, ""), (refused.ExitCode, refused.Out));
            Assert.Contains("ait for its end.", refused.Error);
            Assert.Equal(before, Files(run));
        }
        CommandLine.AssertRefused(ChildProcess.Sim(reference.Command(run)), ExitCode.Usage, "exists, and runs are never overwritten");
        Assert.Equal(before, Files(run));
        process.Signal("CONT");
        CommandLine.Result result = process.Finish();
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(reference.Log, Undisturbed.LogOf(run));
        TemporaryFolder.Delete(run);

        static string[] Files(string run) => [.. Directory.GetFiles(run, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(f => $"{f} {(f.EndsWith(".lock", StringComparison.Ordinal) ? "" : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))))}")];
    }

    /// <summary>The experiment, run without disturbance.</summary>
    public sealed class Undisturbed : IDisposable
    {
        private readonly string _experiment;

        public Undisturbed()
        {
            _experiment = Folder.Write("resumed.json",
                """
                {
                  "machine": { "cpus": 2, "memory": "128MiB" },
                  "workload": [
                    { "type": "processes", "tasks": 4, "rounds": 20 },
                    { "type": "fragmentation", "duration": "2s" }
                  ],
                """
                + (Long ? """ "stop": { "events": 20000000 } }""" : """ "log": { "segmentBytes": "4MiB" }, "snapshots": { "everyEvents": 200000 }, "stop": { "events": 1500000 } }"""));
            Run = Folder["undisturbed"];
            long start = Stopwatch.GetTimestamp();
            CommandLine.Result result = ChildProcess.Sim(Command(Run));
            DurationMs = (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Assert.True(result.ExitCode == 0, result.Error);
            Log = LogOf(Run);
            Manifest = RunDirectory.Open(Run).ReadManifest();
        }

        internal TemporaryFolder Folder { get; } = new();

        internal string Run { get; }

        internal int DurationMs { get; }

        internal string[] Log { get; }

        internal RunManifest Manifest { get; }

        public void Dispose() => Folder.Dispose();

        internal string[] Command(string run) => ["run", _experiment, "--out", run, "--quiet"];

        /// <summary>Names and hashes of a log's files.</summary>
        internal static string[] LogOf(string run) =>
            [.. Directory.GetFiles(Path.Combine(run, "log")).Order(StringComparer.Ordinal).Select(f =>
            {
                using FileStream file = File.OpenRead(f);
                return $"{Path.GetFileName(f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file))}";
            })];
    }

    private sealed class ManifestText : IEqualityComparer<RunManifest>
    {
        public static ManifestText Same { get; } = new();

        public bool Equals(RunManifest? x, RunManifest? y) => x?.ToJson() == y?.ToJson();

        public int GetHashCode(RunManifest obj) => 0;
    }
}
