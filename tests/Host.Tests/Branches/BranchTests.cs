using System.Globalization;
using System.Text.Json;
using Sim.Engine.Log;
using Sim.Host.Branches;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Comparison;
using Sim.Host.Tests.EndToEnd;
using Sim.Host.Workloads;

namespace Sim.Host.Tests.Branches;

/// <summary><c>sim branch</c>: a run that shares another's past and goes on from there.</summary>
public sealed class BranchTests(DiffCommandTests.Runs runs) : IClassFixture<DiffCommandTests.Runs>
{
    private static int _branches;

    [Fact]
    public async Task TheManifestNamesTheParent()
    {
        string branch = await BranchAsync(runs.Base, 70_000, "--set", "stop.events=90000");
        RunManifest parent = RunDirectory.Open(runs.Base).ReadManifest(), manifest = RunDirectory.Open(branch).ReadManifest();
        using LogReader log = LogReader.Open(Path.Combine(runs.Base, "log"));
        Assert.Equal(log.Header.Identity.RunId, manifest.Parent!.RunId);
        Assert.Equal(Path.GetFullPath(runs.Base), Path.GetFullPath(manifest.Parent.Path, branch));
        Assert.False(Path.IsPathRooted(manifest.Parent.Path));
        Assert.InRange(manifest.Parent.Sequence, 70_000, 70_100);
        Assert.InRange(manifest.Parent.SharedEvents, 1, 70_000);
        Assert.Equal(log.LinkAfter(manifest.Parent.SharedEvents - 1)!.Value.ToString(), manifest.Parent.ChainHash);
        Assert.Equal((parent.ConfigHash, RunStatus.Complete), (manifest.ConfigHash, manifest.Status));
        Assert.Equal([LogFormat.SegmentName(manifest.Parent.SharedEvents)], Directory.GetFiles(Path.Combine(branch, "log")).Select(f => Path.GetFileName(f)!));
        Assert.Null(parent.Parent);
        Assert.DoesNotContain("parent", await File.ReadAllTextAsync(Path.Combine(runs.Base, "manifest.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ADispatchIsFinishedFirst_AndThatIsSaid()
    {
        string parent = await runs.RecordAsync("--processes");
        CommandLine.Result entries = await CommandLine.RunAsync("events", parent, "--kind", "cpu.enter", "--from", "5000", "-n", "1", "--json");
        using JsonDocument entry = JsonDocument.Parse(entries.Out);
        long sequence = entry.RootElement.GetProperty("sequence").GetInt64();
        CommandLine.Result result = await RunBranchAsync(parent, sequence.ToString(CultureInfo.InvariantCulture), Next());
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches($"event {sequence} is in the middle of a dispatch; the branch begins after event [0-9]+, with which the dispatch ends\n", result.Error);
    }

    [Fact]
    public async Task ATimeIsTheLastEventNotLater()
    {
        CommandLine.Result moment = await CommandLine.RunAsync("replay", runs.Base, "--at", "1.5ms", "--json");
        using JsonDocument json = JsonDocument.Parse(moment.Out);
        string branch = Next();
        CommandLine.Result result = await RunBranchAsync(runs.Base, "1.5ms", branch);
        Assert.Contains($"again to event {json.RootElement.GetProperty("sequence").GetInt64()}\n", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task EveryCommandReadsTheWholeLog()
    {
        string branch = await BranchAsync(runs.Base, 60_000, "--set", "kernel.pageAllocator.freePcpNs=21");
        string[][] lines =
        [
            ["show", "buddyinfo", "--goto", "1000"], ["show", "buddyinfo", "--goto", "60000"], ["events", "-n", "40", "--from", "59980", "--json"],
            ["why", "frame:0x1000", "--goto", "60000"], ["replay", "--goto", "59999", "--json"], ["events", "--kind", "state.checkpoint", "-n", "2"],
        ];
        foreach (string[] line in lines)
        {
            CommandLine.Result mine = await CommandLine.RunAsync([line[0], branch, .. line[1..]]), parents = await CommandLine.RunAsync([line[0], runs.Base, .. line[1..]]);
            Assert.Equal((0, parents.Out), (mine.ExitCode, line[0] == "events" && line[1] == "-n" ? parents.Out : mine.Out));
        }
        CommandLine.Result verified = await CommandLine.RunAsync("verify", branch, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        Assert.Equal(0, (await CommandLine.RunAsync("export", branch, "--to", "parquet", "--json")).ExitCode);
        CommandLine.Result difference = await CommandLine.RunAsync("diff", runs.Base, branch, "--json");
        using JsonDocument json = JsonDocument.Parse(difference.Out);
        Assert.InRange(json.RootElement.GetProperty("firstDifference").GetProperty("sequence").GetInt64(), 60_000, 60_500);
        Assert.Equal("kernel.pageAllocator.freePcpNs", json.RootElement.GetProperty("configuration")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task InterruptedBeforeItsOwnPart_NothingIsWritten()
    {
        string branch = Next();
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StopsAt(stop, "again to event");
        int code = await SimApplication.RunAsync(["branch", runs.Base, "--at", "60000", "--out", branch], new StandardStreams(output, error, false, false), stop.Token);
        Assert.Equal((130, ""), (code, output.ToString()));
        Assert.Contains("error: Interrupted while ", error.ToString());
        Assert.Contains(" ran again: the branch has not begun, and nothing was written.", error.ToString());
        Assert.False(Directory.Exists(branch));
    }

    /// <summary>What to do about damage depends on whose part of the log it is in.</summary>
    [Fact]
    public async Task DamageInTheSharedPastIsTheParents()
    {
        string parent = runs.Copy(runs.Base), branch = await BranchAsync(parent, 60_000, "--set", "kernel.pageAllocator.freePcpNs=21");
        string segment = Directory.GetFiles(Path.Combine(parent, "log"), "*.evlog").Single(), own = Directory.GetFiles(Path.Combine(branch, "log"), "*.evlog").Single();
        (long first, long second) = (Block(parent, 1), Block(parent, 2));
        Flip(segment, (first + second) / 2);
        CommandLine.Result result = await CommandLine.RunAsync("verify", branch);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("The damage is in what the branch shares with its parent: see there.", result.Error);
        Assert.Contains($"\"sim repair {parent} --out COPY\" keeps them", (await CommandLine.RunAsync("verify", parent)).Error);
        Flip(segment, (first + second) / 2);
        Flip(own, new FileInfo(own).Length / 2);
        result = await CommandLine.RunAsync("verify", branch);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains($"\"sim repair {branch} --out COPY\" keeps them", result.Error);
        Assert.Equal(0, (await CommandLine.RunAsync("repair", branch, "--out", Next())).ExitCode);
        CommandLine.Result events = await CommandLine.RunAsync("events", branch);
        Assert.Contains($"error: {branch}: the log is damaged: ", events.Error);

        static long Block(string run, int block)
        {
            using LogReader log = LogReader.Open(Path.Combine(run, "log"));
            return log.Index(0)[block].Offset;
        }

        static void Flip(string path, long at)
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[at] ^= 1;
            File.WriteAllBytes(path, bytes);
        }
    }

    /// <summary>Two branches of the same settings that took them at different places are no lost determinism, and that is said.</summary>
    [Fact]
    public async Task ADifferenceOfBranches_NamesWhereTheirSettingsBegin()
    {
        string first = await BranchAsync(runs.Base, 60_000, "--set", "kernel.pageAllocator.freePcpNs=21");
        string earlier = await BranchAsync(first, 30_000), later = await BranchAsync(first, 90_000);
        long since = RunDirectory.Open(first).ReadManifest().Parent!.Sequence + 1, before = RunDirectory.Open(earlier).ReadManifest().Parent!.Sequence + 1;
        string whole = await runs.RecordAsync("--set", "kernel.pageAllocator.freePcpNs=21");
        string note = "note: the settings are the same, but not all the way: ";
        CommandLine.Result result = await CommandLine.RunAsync("diff", first, earlier);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{note}{first} has them from event {since} on, {earlier} from event {before} on\n", result.Out);
        Assert.Contains($"{note}{whole} has them from the start, {first} from event {since} on\n", (await CommandLine.RunAsync("diff", whole, first)).Out);
        // A branch without changes has them since its parent has.
        Assert.Contains($"{note}{later} has them from event {since} on, {earlier} from event {before} on\n", (await CommandLine.RunAsync("diff", later, earlier)).Out);
        Assert.DoesNotContain("note:", (await CommandLine.RunAsync("diff", first, later)).Out);
        Assert.DoesNotContain("note:", (await CommandLine.RunAsync("diff", runs.Base, first)).Out);
    }

    [Fact]
    public async Task BranchesBranch()
    {
        string first = await BranchAsync(runs.Base, 40_000, "--set", "kernel.pageAllocator.freePcpNs=21");
        string second = await BranchAsync(first, 80_000, "--set", "kernel.pageAllocator.allocPcpNs=26");
        string same = await BranchAsync(second, 100_000);
        Assert.Equal(0, (await CommandLine.RunAsync("diff", second, same)).ExitCode);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", same, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
        Assert.InRange(Divergence(await CommandLine.RunAsync("diff", runs.Base, same, "--json")), 40_000, 41_000);
        Assert.InRange(Divergence(await CommandLine.RunAsync("diff", first, same, "--json")), 80_000, 82_000);
        // What lies in the past of a branch is its parent's: the new branch hangs on that one, with the branch's settings.
        string early = await BranchAsync(second, 20_000);
        Assert.Equal(Path.GetFullPath(runs.Base), Path.GetFullPath(RunDirectory.Open(early).ReadManifest().Parent!.Path, early));
        Assert.InRange(Divergence(await CommandLine.RunAsync("diff", runs.Base, early, "--json")), 20_000, 20_500);
        Assert.Equal(0, (await CommandLine.RunAsync("verify", early, "--deep")).ExitCode);
    }

    [Fact]
    public async Task ARunGoesOnBeyondItsEnd()
    {
        string whole = await runs.RecordAsync("--set", "stop.events=160000");
        string further = await BranchAsync(runs.Base, 149_999, "--set", "stop.events=160000");
        Assert.Equal(0, (await CommandLine.RunAsync("diff", whole, further)).ExitCode);
    }

    [Fact]
    public async Task SnapshotsOfTheParentChangeNothing()
    {
        string parent = await runs.RecordAsync("--set", "snapshots.everyEvents=15000");
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(parent, "snapshots")));
        string with = await BranchAsync(parent, 110_000, "--set", "workload.1.ratePercent=80");
        string without = await BranchAsync(runs.Base, 110_000, "--set", "workload.1.ratePercent=80", "--set", "snapshots.everyEvents=15000");
        Assert.Equal(RunDirectory.Open(with).ReadManifest().ChainHash, RunDirectory.Open(without).ReadManifest().ChainHash);
        Assert.Equal(0, (await CommandLine.RunAsync("verify", with, "--deep")).ExitCode);
    }

    [Fact]
    public async Task ABranchThatWasCutShortIsResumed()
    {
        string whole = await BranchAsync(runs.Base, 50_000, "--set", "workload.1.ratePercent=80");
        foreach (long kept in (long[])[0, 60, 5_000, 300_000])
        {
            string cut = runs.Copy(whole);
            RunDirectory directory = RunDirectory.Open(cut);
            RunManifest manifest = directory.ReadManifest();
            directory.Write(manifest with { Status = RunStatus.Running, ChainHash = null, StateHash = null, Events = 0, LastSequence = -1 });
            string segment = Directory.GetFiles(Path.Combine(cut, "log")).Single();
            using (FileStream file = File.OpenWrite(segment))
            {
                file.SetLength(kept);
            }
            CommandLine.Result result = await CommandLine.RunAsync("run", "--resume", cut, "--quiet");
            Assert.True(result.ExitCode == 0, result.Error);
            string expected = Directory.GetFiles(Path.Combine(whole, "log")).Single();
            Assert.Equal(await File.ReadAllBytesAsync(expected, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken));
            Assert.Equal(manifest.ChainHash, directory.ReadManifest().ChainHash);
            Assert.Equal(manifest.Parent, directory.ReadManifest().Parent);
        }
    }

    [Fact]
    public async Task ABranchWithoutAnEventOfItsOwn_IsSaidToBeOne_AndResumed()
    {
        string branch = await BranchAsync(runs.Base, 90_000, "--set", "stop.events=100000");
        RunDirectory directory = RunDirectory.Open(branch);
        RunManifest manifest = directory.ReadManifest();
        string segment = Directory.GetFiles(Path.Combine(branch, "log")).Single();
        byte[] intact = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        File.Delete(segment);
        directory.Write(manifest with { Status = RunStatus.Running, ChainHash = null, StateHash = null, Events = 0, LastSequence = -1, Snapshots = [] });
        Assert.Equal(6, (await CommandLine.RunAsync("verify", branch)).ExitCode);
        CommandLine.AssertRefused(await CommandLine.RunAsync("show", branch, "buddyinfo"), ExitCode.Incomplete, "before it logged an event of its own");
        Assert.Equal(0, (await CommandLine.RunAsync("run", "--resume", branch, "--quiet")).ExitCode);
        Assert.Equal(intact, await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken));
        Assert.Equal(manifest.ChainHash, directory.ReadManifest().ChainHash);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("60000")]
    public async Task ABranchThatIsKilledIsResumed(string everyEvents)
    {
        string[] options = ["--set", "stop.events=600000", "--set", "log.durability=flush", "--set", $"snapshots.everyEvents={everyEvents}"];
        string whole = await BranchAsync(runs.Base, 50_000, options), branch = Next();
        using (ChildProcess process = ChildProcess.Start("dotnet", [ChildProcess.SimDll, "branch", runs.Base, "--at", "50000", "--out", branch, "--quiet", .. options]))
        {
            string log = Path.Combine(branch, "log");
            Assert.True(SpinWait.SpinUntil(() => process.HasExited || (Directory.Exists(log) && Directory.GetFiles(log, "*.evlog").Any(f => new FileInfo(f).Length > 500_000)), 120_000));
            process.Signal("KILL");
            process.Finish();
        }
        CommandLine.Result resumed = await CommandLine.RunAsync("run", "--resume", branch, "--quiet");
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        string segment = Directory.GetFiles(Path.Combine(whole, "log")).Single();
        Assert.Equal(await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(branch, "log", Path.GetFileName(segment)), TestContext.Current.CancellationToken));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(whole, "stats.json"), TestContext.Current.CancellationToken),
            await File.ReadAllTextAsync(Path.Combine(branch, "stats.json"), TestContext.Current.CancellationToken));
        Assert.Equal(RunDirectory.Open(whole).ReadManifest() with { Snapshots = [], LogCategories = [] }, RunDirectory.Open(branch).ReadManifest() with { Snapshots = [], LogCategories = [] });
    }

    [Fact]
    public async Task AParentThatIsGoneOrAnotherIsNamed()
    {
        string parent = runs.Copy(runs.Base), branch = await BranchAsync(parent, 60_000, "--set", "workload.1.ratePercent=80");
        string away = parent + "-away";
        Directory.Move(parent, away);
        foreach (string[] line in (string[][])[["events", branch], ["verify", branch], ["diff", runs.Base, branch], ["show", branch, "buddyinfo"], ["branch", branch, "--at", "70000"]])
        {
            CommandLine.AssertRefused(await CommandLine.RunAsync(line), ExitCode.CorruptLog, $"is a branch of the run {parent}, which is not there");
        }
        foreach (string file in Directory.GetFiles(await runs.RecordAsync("--seed", "3"), "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(parent, Path.GetRelativePath(await runs.RecordAsync("--seed", "3"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        CommandLine.Result other = await CommandLine.RunAsync("verify", branch);
        Assert.True(other.ExitCode is 4 or 5, other.Error);
        Assert.Contains($"is a branch of the run {parent}, ", other.Error);
        Directory.Delete(parent, recursive: true);
        Directory.Move(away, parent);
        Assert.Equal(0, (await CommandLine.RunAsync("verify", branch)).ExitCode);
        string segment = Directory.GetFiles(Path.Combine(parent, "log")).Single();
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 8] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        CommandLine.Result damaged = await CommandLine.RunAsync("verify", branch, "--json");
        Assert.Equal(4, damaged.ExitCode);
        using JsonDocument json = JsonDocument.Parse(damaged.Out);
        Assert.Equal(LogFormat.SegmentName(0), json.RootElement.GetProperty("damage")[0].GetProperty("segment").GetString());
    }

    [Fact]
    public async Task ADamagedBranchIsRepairedIntoABranchOfTheSameParent()
    {
        string branch = await BranchAsync(runs.Base, 30_000, "--set", "stop.events=100000"), copy = runs.Folder[$"deeper/{Path.GetFileName(Next())}"];
        string segment = Directory.GetFiles(Path.Combine(branch, "log")).Single();
        byte[] intact = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken), bytes = [.. intact];
        bytes[bytes.Length * 3 / 4] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        CommandLine.Result result = await CommandLine.RunAsync("repair", branch, "--out", copy);
        Assert.True(result.ExitCode == 0, result.Error);
        RunManifest damaged = RunDirectory.Open(branch).ReadManifest(), manifest = RunDirectory.Open(copy).ReadManifest();
        Assert.InRange(manifest.Events, damaged.Parent!.SharedEvents + 1, damaged.Events - 1);
        Assert.Equal(Path.GetFullPath(runs.Base), Path.GetFullPath(manifest.Parent!.Path, copy));
        Assert.Equal([Path.GetFileName(segment)], Directory.GetFiles(Path.Combine(copy, "log")).Select(f => Path.GetFileName(f)));
        CommandLine.Result verified = await CommandLine.RunAsync("verify", copy, "--json");
        Assert.True(verified.ExitCode == 6, verified.Error);
        using JsonDocument json = JsonDocument.Parse(verified.Out);
        Assert.Equal((manifest.Events, manifest.ChainHash), (json.RootElement.GetProperty("events").GetInt64(), json.RootElement.GetProperty("chainHash").GetString()));
        CommandLine.Result resumed = await CommandLine.RunAsync("run", "--resume", copy, "--quiet");
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(intact, await File.ReadAllBytesAsync(Path.Combine(copy, "log", Path.GetFileName(segment)), TestContext.Current.CancellationToken));
        Assert.Equal(damaged.ChainHash, RunDirectory.Open(copy).ReadManifest().ChainHash);

        // Nothing of its own is sound.
        bytes = [.. intact];
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        CommandLine.AssertRefused(await CommandLine.RunAsync("repair", branch, "--out", Next()), ExitCode.CorruptLog, "not one event of the branch's own is sound");
    }

    [Theory]
    [InlineData("machine.memory=256MiB", "machine.memory")]
    [InlineData("machine.cpus=3", "machine.cpus")]
    [InlineData("seed=5", "seed")]
    [InlineData("kernel.profile=i386", "kernel.profile")]
    [InlineData("kernel.slab.maxOrder=2", "kernel.slab.maxOrder")]
    [InlineData("log.categories=[\"-tlb\"]", "log.categories")]
    [InlineData("engine.queue=simsharp", "engine.queue")]
    [InlineData("workload.0.users.0.count=3", "workload[0].users[0].count")]
    [InlineData("workload.1={\"type\":\"processes\"}", "workload[1].type")]
    [InlineData("workload=[{\"type\":\"fragmentation\"}]", "workload")]
    [InlineData("machine.memoryMap=[{\"start\":\"0\",\"size\":\"128MiB\"}]", "machine.memoryMap")]
    public async Task WhatShapesTheStateIsRefused(string setting, string path)
    {
        string branch = Next();
        CommandLine.Result result = await RunBranchAsync(runs.Base, "60000", branch, "--set", setting);
        CommandLine.AssertRefused(result, ExitCode.Configuration, $"A branch cannot change {path}");
        Assert.Contains("It can change name, ", result.Error);
        Assert.Contains("kernel.compaction.*", result.Error);
        Assert.Contains("workload[fragmentation].ratePercent", result.Error);
        Assert.False(Directory.Exists(branch));
    }

    [Theory]
    [InlineData("kernel.compaction.enabled=false")]
    [InlineData("kernel.compaction.scanNs=9")]
    [InlineData("kernel.pageAllocator.allocPcpNs=26")]
    [InlineData("workload.0.ratePercent=50", 20_000)]
    [InlineData("workload.0.duration=1500us", 20_000)]
    [InlineData("workload.0.duration=2200us", 20_000)]
    [InlineData("workload.0.users.0.every=300ns", 20_000)]
    [InlineData("workload.0.users.0.orders=[{\"order\":1}]", 20_000)]
    [InlineData("workload.0.users.1.lifetimes=[{\"mean\":\"3us\"},{\"mean\":\"1ms\"}]", 20_000)]
    [InlineData("workload.0.probeEvery=50us", 20_000)]
    [InlineData("log.checkpointEvery=7000")]
    [InlineData("stop.events=140000")]
    [InlineData("stop.time=2300us")]
    public async Task AChangedSettingIsInForceFromThereOn(string setting, long at = 60_000)
    {
        string branch = await BranchAsync(runs.Base, at, "--set", setting);
        CommandLine.Result difference = await CommandLine.RunAsync("diff", runs.Base, branch, "--json");
        Assert.Equal(1, difference.ExitCode);
        long begins = RunDirectory.Open(branch).ReadManifest().Parent!.Sequence;
        Assert.InRange(Divergence(difference), begins + 1, long.MaxValue);
        CommandLine.Result verified = await CommandLine.RunAsync("verify", branch, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
    }

    [Fact]
    public async Task APhasesEndMovesToWhereItsNewDurationSays()
    {
        foreach ((string duration, long microseconds) in ((string, long)[])[("700us", 700), ("1500us", 1_500), ("1800us", 1_800)])
        {
            string whole = await runs.RecordAsync("--set", $"workload.0.duration={duration}");
            string branch = await BranchAsync(runs.Base, 15_000, "--set", $"workload.0.duration={duration}");
            Assert.InRange(microseconds * 1_000_000, 1, RunDirectory.Open(branch).ReadManifest().SimulatedPs);
            CommandLine.Result difference = await CommandLine.RunAsync("diff", whole, branch);
            Assert.True(difference.ExitCode == 0, difference.Out);
        }
    }

    [Fact]
    public async Task CompactionSwitchedOnInTheMiddleWorks()
    {
        string off = await runs.RecordAsync("--set", "kernel.compaction.enabled=false");
        Assert.Equal("", (await CommandLine.RunAsync("events", off, "--kind", "compact")).Out);
        string on = await BranchAsync(off, 50_000, "--set", "kernel.compaction.enabled=true");
        CommandLine.Result compactions = await CommandLine.RunAsync("events", on, "--kind", "compact.begin", "-n", "1", "--json");
        using JsonDocument first = JsonDocument.Parse(compactions.Out);
        Assert.InRange(first.RootElement.GetProperty("sequence").GetInt64(), 50_001, 150_000);
        Assert.Equal(0, (await CommandLine.RunAsync("verify", on, "--deep")).ExitCode);
        string back = await BranchAsync(on, 100_000, "--set", "kernel.compaction.enabled=false");
        Assert.Equal(0, (await CommandLine.RunAsync("verify", back, "--deep")).ExitCode);
        Assert.Equal("", (await CommandLine.RunAsync("events", back, "--kind", "compact.begin", "--from", "102000")).Out);
    }

    [Theory]
    [InlineData("--at 150000", "--at 150000: the log of ")]
    [InlineData("--at -1", "--at -1: expected a whole number")]
    [InlineData("--at soon", "--at soon: expected a time with its unit")]
    [InlineData("--at 10s", ", with event 149999; 10s is later.")]
    [InlineData("--at 5 --set stop", "--set stop: expected path=value")]
    [InlineData("", "sim branch: Option '--at' is required.")]
    public async Task WrongLinesAreUsageErrors(string options, string message) => CommandLine.AssertRefused(
        await CommandLine.RunAsync(["branch", runs.Base, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]), ExitCode.Usage, message);

    [Fact]
    public async Task AnExistingDirectoryIsNotOverwritten() => CommandLine.AssertRefused(
        await RunBranchAsync(runs.Base, "5", runs.Base), ExitCode.Usage, "exists, and runs are never overwritten");

    [Fact]
    public async Task ThePageNamesWhatABranchMayChange()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "diff-and-branch.md"), TestContext.Current.CancellationToken);
        Assert.All(BranchSettings.Paths(KnownWorkloads.Registry), path => Assert.Contains($"`{path}`", page));
    }

    private string Next() => runs.Folder[$"branch-{Interlocked.Increment(ref _branches)}"];

    private async Task<string> BranchAsync(string parent, long at, params string[] options)
    {
        string branch = Next();
        CommandLine.Result result = await RunBranchAsync(parent, at.ToString(CultureInfo.InvariantCulture), branch, options);
        Assert.True(result.ExitCode == 0, result.Error);
        return branch;
    }

    private static Task<CommandLine.Result> RunBranchAsync(string parent, string at, string branch, params string[] options) =>
        CommandLine.RunAsync(["branch", parent, "--at", at, "--out", branch, "--quiet", .. options]);

    /// <summary>Presses Ctrl-C when a line is printed.</summary>
    private sealed class StopsAt(CancellationTokenSource stop, string words) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value!.Contains(words, StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        }
    }

    private static long Divergence(CommandLine.Result difference)
    {
        using JsonDocument json = JsonDocument.Parse(difference.Out);
        return json.RootElement.GetProperty("firstDifference").GetProperty("sequence").GetInt64();
    }
}
