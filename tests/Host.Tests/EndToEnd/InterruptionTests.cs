using System.Globalization;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>Runs that are stopped from outside, or whose disk fills up: what was logged stays whole and readable.</summary>
[Collection(RunCollection.Name)]
public sealed class InterruptionTests(RunLibrary library)
{
    private const int PatienceMs = 300_000;

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void SignalSealsTheLogProvisionally(string signal)
    {
        string run = library.Folder["interrupted-" + signal];
        CommandLine.Result result = Interrupt(run, signal);
        Assert.Equal(130, result.ExitCode);
        Assert.Contains("interrupted after event ", result.Error);
        Assert.Contains($"try next:\n  sim run --resume {run}\n", result.Out);
        RunManifest manifest = RunDirectory.Open(run).ReadManifest();
        Assert.Equal(RunStatus.Interrupted, manifest.Status);
        CommandLine.Result verify = ChildProcess.Sim("verify", run, "--deep");
        Assert.True(verify.ExitCode == 6, verify.Error);
        Assert.StartsWith($"incomplete: {manifest.Events} events, chain hash {manifest.ChainHash}, state hash {manifest.StateHash}", verify.Out);
        AssertPrefixOfUninterruptedRun(run, LogEnd.Provisional);
    }

    [Fact]
    public void SecondSignalEndsTheProcessAtOnce()
    {
        string run = library.Folder["killed"];
        CommandLine.Result result = Interrupt(run, "INT", "TERM");
        Assert.Equal(130, result.ExitCode);
        CommandLine.Result verify = ChildProcess.Sim("verify", run);
        Assert.True(verify.ExitCode == 6, verify.Error);
        AssertPrefixOfUninterruptedRun(run, null);
    }

    [Fact]
    public void KilledRunLeavesAPrefix()
    {
        string run = library.Folder["sigkill"];
        Assert.NotEqual(0, Interrupt(run, "KILL").ExitCode);
        Assert.Equal(RunStatus.Running, RunDirectory.Open(run).ReadManifest().Status);
        Assert.Equal(6, ChildProcess.Sim("verify", run).ExitCode);
        AssertPrefixOfUninterruptedRun(run, LogEnd.Open);
    }

    [Theory]
    [InlineData("seal", -1)]
    [InlineData("block", 40_000)]
    public void FullDiskFailsTheRunAndKeepsWhatWasLogged(string durability, long leastDurable)
    {
        string disk = library.Folder["disk-" + durability];
        Directory.CreateDirectory(disk);
        Mount(disk, "size=2m");
        try
        {
            string run = Path.Combine(disk, "run");
            CommandLine.Result result = ChildProcess.Sim("run", Endless(), "--out", run, "--quiet", "--durability", durability);
            Assert.Equal((74, ""), (result.ExitCode, result.Out));
            string message = Assert.Single(result.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
            Assert.Contains(run, message);
            long durable = message.Contains("No event is surely on disk.") ? -1
                : long.Parse(message.Split("surely on disk is ")[1].Split('.')[0], CultureInfo.InvariantCulture);
            CommandLine.Result verify = ChildProcess.Sim("verify", run);
            Assert.True(verify.ExitCode == 6, verify.Error);
            long whole = long.Parse(verify.Out.Split(' ')[1], CultureInfo.InvariantCulture);
            Assert.InRange(durable, leastDurable, whole - 1);
            Assert.InRange(whole, 50_000, long.MaxValue);
            Assert.Equal(3, ChildProcess.Sim("events", run, "--from", (whole - 3).ToString(CultureInfo.InvariantCulture)).Out.Count(c => c == '\n'));
            AssertPrefixOfUninterruptedRun(run, LogEnd.Open);
        }
        finally
        {
            ChildProcess.Succeeds("umount", disk);
        }
    }

    [Fact]
    public void ReadOnlyDiskIsRefused()
    {
        string disk = library.Folder["readonly"];
        Directory.CreateDirectory(disk);
        Mount(disk, "size=1m,ro");
        try
        {
            string output = Path.Combine(disk, "run");
            CommandLine.AssertRefused(ChildProcess.Sim("run", Endless(), "--out", output), ExitCode.InputOutput, output);
        }
        finally
        {
            ChildProcess.Succeeds("umount", disk);
        }
    }

    private static void Mount(string folder, string options) => ChildProcess.Need(
        OperatingSystem.IsLinux() && ChildProcess.Succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder),
        "a small tmpfs cannot be mounted here; it takes root");

    private string Endless() => library.Folder.Write("endless.json",
        """{ "machine": { "memory": "128MiB" }, "workload": [ { "type": "fragmentation", "duration": "1000s" } ] }""");

    /// <summary>Starts a run that would go on for long, and sends it signals, all at one instant, once its log has grown.</summary>
    private CommandLine.Result Interrupt(string run, params string[] signals)
    {
        using ChildProcess process = ChildProcess.Start("dotnet", ChildProcess.SimDll, "run", Endless(), "--out", run, "--quiet", "--durability", "flush");
        string segment = Path.Combine(run, "log", "00000000000000000000.evlog");
        bool grown = SpinWait.SpinUntil(() => process.HasExited || (File.Exists(segment) && new FileInfo(segment).Length > 300_000), PatienceMs);
        Assert.True(grown && !process.HasExited, "the run does not get going");
        if (signals.Length > 1)
        {
            process.Signal("STOP");
        }
        foreach (string signal in signals)
        {
            process.Signal(signal);
        }
        if (signals.Length > 1)
        {
            process.Signal("CONT");
        }
        return process.Finish();
    }

    private void AssertPrefixOfUninterruptedRun(string run, LogEnd? end)
    {
        using LogReader log = LogReader.Open(Path.Combine(run, "log"));
        Assert.True(end is null || log.End == end, $"the log ends {log.End}");
        string whole = library.Record(Endless(), $"{Path.GetFileName(Path.GetDirectoryName(run))}-{Path.GetFileName(run)}-whole",
            "--set", string.Create(CultureInfo.InvariantCulture, $"stop.events={log.Events + 1}"));
        using LogReader reference = LogReader.Open(Path.Combine(whole, "log"));
        EventCursor expected = new(reference), actual = new(log);
        long count = 0;
        while (actual.MoveNext())
        {
            Assert.True(expected.MoveNext() && expected.Header == actual.Header && expected.Descriptor.Kind == actual.Descriptor.Kind
                && expected.Values.SequenceEqual(actual.Values) && expected.SymbolName == actual.SymbolName, $"event {actual.Header.Sequence} differs");
            count++;
        }
        Assert.Equal(log.Events, count);
        Directory.Delete(whole, recursive: true);
    }
}
