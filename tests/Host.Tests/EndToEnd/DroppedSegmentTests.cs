using System.Globalization;
using Sim.Engine.Log;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>
/// Runs that keep only a part of their log: what was dropped is made again when it is asked for, byte for byte, with snapshots
/// and without, and the run can be killed and resumed all the same.
/// </summary>
public sealed class DroppedSegmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hashes", "100000")]
    [InlineData("tail:120000", "100000")]
    [InlineData("hashes", "0")]
    public void WhatWasDroppedIsMadeAgain(string keep, string everyEvents)
    {
        string whole = Record("whole"), run = Record("kept", "--set", $"log.keep={keep}", "--set", $"snapshots.everyEvents={everyEvents}");
        string[] segments = [.. Directory.GetFiles(Path.Combine(whole, "log"), "*.evlog").Order(StringComparer.Ordinal)];
        string[] left = Directory.GetFiles(Path.Combine(run, "log"), "*.evlog");
        Assert.InRange(left.Length, 1, segments.Length - 2);
        Assert.Equal(RunDirectory.Open(whole).ReadManifest().ChainHash, RunDirectory.Open(run).ReadManifest().ChainHash);
        CommandLine.Result verify = ChildProcess.Sim("verify", run);
        Assert.True(verify.ExitCode == 0, verify.Error);
        foreach (string[] question in (string[][])[["events", "--from", "1000", "-n", "5"], ["replay", "--goto", "77777"], ["show", "buddyinfo", "--goto", "200001"], ["verify", "--deep"]])
        {
            CommandLine.Result expected = ChildProcess.Sim([question[0], whole, .. question[1..]]), actual = ChildProcess.Sim([question[0], run, .. question[1..]]);
            Assert.True(actual.ExitCode == 0, $"{string.Join(' ', question)}: {actual.Error}");
            Assert.Equal(expected.Out, actual.Out);
        }
        using (RecordedRun kept = RecordedRun.Open(run, Application.Reader))
        {
            var block = new BlockBuffer();
            for (BlockAddress? at = kept.Log.First; at is { } address; at = kept.Log.Next(address))
            {
                kept.Log.Read(address, block);
            }
        }
        string cache = Path.Combine(run, "index", "segments");
        foreach (string segment in segments)
        {
            string there = Path.Combine(run, "log", Path.GetFileName(segment));
            Assert.Equal(File.ReadAllBytes(segment), File.ReadAllBytes(File.Exists(there) ? there : Path.Combine(cache, Path.GetFileName(segment))));
        }

        // The cache is one: damaged, it is made again.
        string damaged = Directory.GetFiles(cache).Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(damaged);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(damaged, bytes);
        Assert.Equal(ChildProcess.Sim("events", whole, "--from", "1000", "-n", "5").Out, ChildProcess.Sim("events", run, "--from", "1000", "-n", "5").Out);
    }

    /// <summary>What lies between two snapshots is made in one go, so that going on in either direction runs nothing twice.</summary>
    [Fact]
    public void AStretchIsMadeOnce_ByOneOfSeveralProcesses()
    {
        string whole = Record("whole"), run = Record("kept", "--set", "log.keep=hashes", "--set", "snapshots.everyEvents=280000");
        long[] dropped = [.. Directory.GetFiles(Path.Combine(run, "log"), "*.hashes").Select(First).Order()];
        long[] snapshots = [.. Directory.GetFiles(Path.Combine(run, "snapshots")).Select(First).Order()];
        long wanted = dropped.Last(d => d < snapshots[1]), from = snapshots.Last(s => s <= wanted);
        long[] stretch = [.. dropped.Where(d => d >= from && d < snapshots.First(s => s > wanted))];
        Assert.InRange(stretch.Length, 3, dropped.Length - 3);
        string cache = Path.Combine(run, "index", "segments");
        using (RecordedRun stopped = RecordedRun.Open(run, Application.Reader, null, new CancellationToken(canceled: true)))
        {
            Assert.Throws<OperationCanceledException>(() => stopped.Log.Read(stopped.Log.First!.Value, new BlockBuffer()));
            Assert.Empty(Directory.GetFiles(cache, "*.evlog"));
        }
        string[] question = ["events", run, "--from", $"{wanted}", "-n", "5"];
        using (ChildProcess one = ChildProcess.Start("dotnet", [ChildProcess.SimDll, .. question]), other = ChildProcess.Start("dotnet", [ChildProcess.SimDll, .. question]))
        {
            string expected = ChildProcess.Sim("events", whole, "--from", $"{wanted}", "-n", "5").Out;
            foreach (CommandLine.Result result in (CommandLine.Result[])[one.Finish(), other.Finish()])
            {
                Assert.True(result.ExitCode == 0, result.Error);
                Assert.Equal(expected, result.Out);
            }
        }
        Assert.Equal(stretch, Directory.GetFiles(cache).Select(First).Order());
        Assert.All(stretch, s => Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "log", LogFormat.SegmentName(s))), File.ReadAllBytes(Path.Combine(cache, LogFormat.SegmentName(s)))));
    }

    private static long First(string file) => long.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture);

    [Fact]
    public void AKilledRunThatDropsIsResumed()
    {
        string whole = Record("undisturbed", "--set", "log.keep=hashes"), run = _folder["killed"];
        using (ChildProcess process = ChildProcess.Start("dotnet", [ChildProcess.SimDll, .. Command(run, "--set", "log.keep=hashes")]))
        {
            Assert.True(SpinWait.SpinUntil(
                () => process.HasExited || (Directory.Exists(Path.Combine(run, "log")) && Directory.GetFiles(Path.Combine(run, "log"), "*.hashes").Length > 1), 120_000));
            process.Signal("KILL");
            process.Finish();
        }
        CommandLine.Result result = ChildProcess.Sim("run", "--resume", run, "--quiet");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(Files(whole), Files(run));
        Assert.Equal(File.ReadAllText(Path.Combine(whole, "stats.json")), File.ReadAllText(Path.Combine(run, "stats.json")));
    }

    /// <summary>A branch reads its past where it is: before what was dropped there is none, behind it there is.</summary>
    [Fact]
    public void ABranchBeginsBehindWhatWasDropped()
    {
        string whole = Record("whole"), run = Record("kept", "--set", "log.keep=tail:200000", "--set", "snapshots.everyEvents=100000");
        long firstKept = long.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(run, "log"), "*.evlog").Order(StringComparer.Ordinal).First()), CultureInfo.InvariantCulture);
        foreach (long at in (long[])[0, firstKept / 2, firstKept - 1])
        {
            string none = _folder[$"none-{at}"];
            CommandLine.Result refused = ChildProcess.Sim(Branch(run, at, none));
            Assert.Equal((3, ""), (refused.ExitCode, refused.Out));
            Assert.Contains("has dropped the events ", refused.Error);
            Assert.Contains("Branch after them", refused.Error);
            Assert.False(Directory.Exists(none));
        }
        foreach (long at in (long[])[firstKept + 200, 500_000])
        {
            string branch = _folder[$"branch-{at}"], expected = _folder[$"expected-{at}"];
            foreach (string[] command in (string[][])[Branch(run, at, branch), Branch(whole, at, expected)])
            {
                CommandLine.Result made = ChildProcess.Sim(command);
                Assert.True(made.ExitCode == 0, made.Error);
            }
            Assert.Equal(RunDirectory.Open(expected).ReadManifest().ChainHash, RunDirectory.Open(branch).ReadManifest().ChainHash);
            CommandLine.Result verified = ChildProcess.Sim("verify", branch, "--deep");
            Assert.True(verified.ExitCode == 0, verified.Error);
            foreach (string[] question in (string[][])[["events", "--from", "1000", "-n", "5"], ["show", "buddyinfo", "--goto", "300000"]])
            {
                Assert.Equal(ChildProcess.Sim([question[0], expected, .. question[1..]]).Out, ChildProcess.Sim([question[0], branch, .. question[1..]]).Out);
            }
            CommandLine.Result difference = ChildProcess.Sim("diff", branch, expected);
            Assert.True(difference.ExitCode == 0, difference.Out + difference.Error);
        }
    }

    /// <summary>Damage in what is kept: the copy has the hashes, goes on from there, and ends as the run did.</summary>
    [Theory]
    [InlineData("hashes")]
    [InlineData("tail:200000")]
    public void ADamagedRunThatDrops_IsRepairedAndResumed(string keep)
    {
        string run = Record("kept", "--set", $"log.keep={keep}", "--set", "snapshots.everyEvents=100000");
        string[] undamaged = Files(run);
        string[] kept = [.. Directory.GetFiles(Path.Combine(run, "log"), "*.evlog").Order(StringComparer.Ordinal)];
        foreach (string segment in kept.Prepend(kept[0].Replace(".evlog", ".hashes")).Where(File.Exists).Distinct())
        {
            byte[] bytes = File.ReadAllBytes(segment), flipped = [.. bytes];
            flipped[flipped.Length / 2] ^= 1;
            File.WriteAllBytes(segment, flipped);
            Assert.Equal(4, ChildProcess.Sim("verify", run).ExitCode);
            string manifestPath = Path.Combine(run, "manifest.json"), manifest = File.ReadAllText(manifestPath);
            File.WriteAllText(manifestPath, "{");
            string copy = _folder[$"copy-{Path.GetFileName(segment)}"];
            CommandLine.Result result = ChildProcess.Sim("repair", run, "--out", copy);
            Assert.True(result.ExitCode == 0, result.Error);
            File.WriteAllText(manifestPath, manifest);
            Assert.Equal(6, ChildProcess.Sim("verify", copy).ExitCode);
            result = ChildProcess.Sim("run", "--resume", copy, "--quiet");
            Assert.True(result.ExitCode == 0, $"{segment}: {result.Error}");
            Assert.Equal(undamaged, Files(copy));
            Assert.Equal(RunDirectory.Open(run).ReadManifest().ChainHash, RunDirectory.Open(copy).ReadManifest().ChainHash);
            Assert.Equal(File.ReadAllText(Path.Combine(run, "stats.json")), File.ReadAllText(Path.Combine(copy, "stats.json")));
            File.WriteAllBytes(segment, bytes);
            File.WriteAllText(manifestPath, manifest);
        }
    }

    private static string[] Branch(string run, long at, string output) =>
        ["branch", run, "--at", at.ToString(CultureInfo.InvariantCulture), "--set", "kernel.pageAllocator.freePcpNs=21", "--out", output, "--quiet"];

    private static string[] Files(string run) => [.. Directory.GetFiles(Path.Combine(run, "log")).Order(StringComparer.Ordinal)
        .Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}")];

    private string Record(string name, params string[] more)
    {
        CommandLine.Result result = ChildProcess.Sim(Command(_folder[name], more));
        Assert.True(result.ExitCode == 0, result.Error);
        return _folder[name];
    }

    private static string[] Command(string run, params string[] more) =>
        ["run", Path.Combine(Repository.Root, "traces", "quickstart.json"), "--out", run, "--quiet", "--set", "stop.events=600000", "--set", "log.segmentBytes=1MiB",
            "--set", "machine.memory=128MiB", .. more];
}
