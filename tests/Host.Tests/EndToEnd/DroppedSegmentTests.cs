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
        string[] Files(string r) => [.. Directory.GetFiles(Path.Combine(r, "log")).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}")];
        Assert.Equal(Files(whole), Files(run));
    }

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
