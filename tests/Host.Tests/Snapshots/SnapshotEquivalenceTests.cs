using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Engine.Replay;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Snapshots;

/// <summary>
/// Invariant: at any moment the state is the same whether the whole log is folded, or a snapshot and what follows it, or the
/// experiment is run again (T3, G7); and what is asked of a run has the same answer without its caches, and with damaged
/// ones (T13, G8).
/// </summary>
public sealed class SnapshotEquivalenceTests : IDisposable
{
    private const int Moments = 100;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("quickstart.json")]
    [InlineData("processes.json")]
    [InlineData("slab.json")]
    [InlineData("hugepages-linux.json")]
    [InlineData("closed.json")]
    [InlineData("gzip.json")]
    public void FoldSnapshotAndReexecutionAgree(string experiment)
    {
        string path = Record(experiment);
        using RecordedRun run = RecordedRun.Open(path, Application.Reader);
        Assert.InRange(run.Snapshots.Sequences.Count(), 5, 100);
        var random = new RandomStream(4, experiment);
        long[] moments = [.. Enumerable.Range(0, Moments).Select(_ => (long)random.NextBelow((ulong)run.Log.Events))];

        // Run again: only between two dispatches, so each moment moves on to the next of these.
        IRunnable machine = Application.Simulator.Build(run.Experiment, new NullBlockSink(), run.LeftOut(Application.Simulator));
        machine.Start();
        var again = new List<(long Events, ulong Hash)>();
        foreach (long moment in moments.Order())
        {
            while (machine.Events < moment && machine.Step(1) == StepStatus.More)
            {
            }
            again.Add((machine.Events, machine.StateHash()));
        }

        // From the first event on, in one go.
        FoldedMachine state = Application.Simulator.CreateState(run.Experiment, run.LeftOut(Application.Simulator));
        var fold = new Fold(run.Log, Application.Simulator.Catalogue, state.Appliers);
        var folded = new Dictionary<long, ulong>();
        foreach ((long events, ulong hash) in again.Where(a => a.Events <= run.Log.Events))
        {
            if (events > fold.NextSequence)
            {
                fold.ToSequence(events - 1);
            }
            folded[events] = state.StateHash();
            Assert.True(folded[events] == hash, $"after {events} events the fold has another state than the run");
        }
        Assert.NotEmpty(folded);

        // From snapshots, in no order.
        var timeline = new Timeline(run, Application.Simulator);
        foreach (long events in folded.Keys.OrderBy(k => XorShift(k)))
        {
            timeline.GoTo(events - 1);
            Assert.True(timeline.State.StateHash() == folded[events], $"after {events} events the timeline has another state than the fold");
        }
    }

    [Fact]
    public async Task WithoutCachesAndWithDamagedOnesTheAnswersAreTheSame()
    {
        string run = Record("processes.json");
        await CommandLine.RunAsync("export", run, "--to", "parquet");
        string[] expected = await Answers(run);
        var random = new RandomStream(9, "damage");
        foreach (string folder in (string[])["snapshots", "index", "tables"])
        {
            foreach (string file in Directory.Exists(Path.Combine(run, folder)) ? Directory.GetFiles(Path.Combine(run, folder), "*", SearchOption.AllDirectories) : [])
            {
                byte[] bytes = File.ReadAllBytes(file);
                File.WriteAllBytes(file, bytes[..(int)random.NextBelow((ulong)bytes.Length)]);
                Assert.Equal(expected, await Answers(run));
                bytes[random.NextBelow((ulong)bytes.Length)] ^= (byte)(1 << (int)random.NextBelow(8));
                File.WriteAllBytes(file, bytes);
                Assert.Equal(expected, await Answers(run));
            }
        }
        foreach (string folder in (string[])["snapshots", "index", "tables"])
        {
            TemporaryFolder.Delete(Path.Combine(run, folder));
        }
        Assert.Equal(expected, await Answers(run));
    }

    [Fact]
    public void ASnapshotOfAnotherRunDoesNotCount()
    {
        string run = Record("processes.json"), other = _folder["other"];
        Assert.Equal(0, ChildProcess.Sim("run", Path.Combine(Repository.Root, "traces", "processes.json"), "--out", other, "--seed", "77", "--quiet",
            "--set", "stop.events=60000", "--set", "snapshots.everyEvents=7000").ExitCode);
        foreach (string file in Directory.GetFiles(Path.Combine(other, "snapshots")))
        {
            File.Copy(file, Path.Combine(run, "snapshots", Path.GetFileName(file)), overwrite: true);
        }
        using RecordedRun mixed = RecordedRun.Open(run, Application.Reader);
        using RecordedRun whole = RecordedRun.Open(other, Application.Reader);
        Assert.Empty(mixed.Snapshots.Sequences.Intersect(whole.Snapshots.Sequences));
        Assert.NotEmpty(whole.Snapshots.Sequences);
    }

    private string Record(string experiment)
    {
        string run = _folder[Path.GetFileNameWithoutExtension(experiment)];
        CommandLine.Result result = ChildProcess.Sim("run", Path.Combine(Repository.Root, "traces", experiment), "--out", run, "--quiet",
            "--set", "stop.events=60000", "--set", "snapshots.everyEvents=7000", "--set", "log.checkpointEvery=1000");
        Assert.True(result.ExitCode == 0, result.Error);
        return run;
    }

    private static async Task<string[]> Answers(string run)
    {
        string[][] questions =
        [
            ["replay", run, "--goto", "59000"],
            ["replay", run, "--goto", "41000", "--back", "20000"],
            ["show", run, "buddyinfo", "--goto", "30000"],
            ["show", run, "meminfo", "--at", "2ms"],
            ["events", run, "--kind", "page.alloc", "--from", "30000", "-n", "3"],
            ["why", run, "frame:0x3f00", "--goto", "50000"],
            ["verify", run],
        ];
        var answers = new List<string>();
        foreach (string[] question in questions)
        {
            CommandLine.Result result = await CommandLine.RunAsync(question);
            Assert.True(result.ExitCode == 0, $"{string.Join(' ', question)}: {result.Error}");
            answers.Add(result.Out);
        }
        return [.. answers];
    }

    private static ulong XorShift(long value)
    {
        ulong x = (ulong)value + 1;
        x ^= x << 13;
        x ^= x >> 7;
        return x ^ (x << 17);
    }
}
