using System.Text.RegularExpressions;
using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Runs;

/// <summary><c>verify --deep</c> from snapshot to snapshot: a damaged one is passed over, as a cache is; a sound one of another state is found.</summary>
public sealed class ReexecutionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task DamagedSnapshotsArePassedOver_AndASoundOneOfAnotherStateIsNot()
    {
        string run = await RecordAsync();
        string[] snapshots = [.. Directory.GetFiles(_folder["run/snapshots"]).Order(StringComparer.Ordinal)];
        Assert.InRange(snapshots.Length, 3, 10);
        CommandLine.Result sound = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.Equal(0, sound.ExitCode);
        Assert.Contains($"in {snapshots.Length + 1} stretches from snapshot to snapshot", sound.Error);
        foreach (string[] damaged in (string[][])[[snapshots[0]], [snapshots[^1]], [snapshots[1], snapshots[2]], snapshots])
        {
            Dictionary<string, byte[]> intact = damaged.ToDictionary(f => f, File.ReadAllBytes);
            foreach ((string file, byte[] bytes) in intact)
            {
                byte[] flipped = [.. bytes];
                flipped[^100] ^= 1;
                File.WriteAllBytes(file, flipped);
            }
            CommandLine.Result result = await CommandLine.RunAsync("verify", run, "--deep");
            Assert.True(result.ExitCode == 0, result.Error);
            Assert.Equal(sound.Out, result.Out);
            Assert.All(damaged, f => Assert.Contains($"note: {f} is damaged", result.Error));
            Assert.Equal(damaged.Contains(snapshots[0]) ? snapshots.Length : damaged.Length, Regex.Count(result.Error, "passed over"));
            foreach ((string file, byte[] bytes) in intact)
            {
                File.WriteAllBytes(file, bytes);
            }
        }

        string other = MakeOfAnotherState(run);
        CommandLine.Result refused = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.Equal((5, ""), (refused.ExitCode, refused.Out));
        Assert.Contains("has another state before event ", refused.Error);
        Assert.Contains($"Delete {other}; snapshots are caches.", refused.Error);
        File.Delete(other);
        Assert.Equal(0, (await CommandLine.RunAsync("verify", run, "--deep")).ExitCode);
    }

    /// <summary>Writes a snapshot that fits the log, with one bit of the state flipped so that a machine still takes it.</summary>
    private static string MakeOfAnotherState(string path)
    {
        using RecordedRun run = RecordedRun.Open(path, Application.Reader);
        IRunnable Build() => Application.Simulator.Build(run.Experiment, new NullBlockSink(), run.LeftOut(Application.Simulator));
        IRunnable machine = Build();
        machine.Start();
        while (machine.Events < 25_000)
        {
            machine.Step(1);
        }
        var draft = new SnapshotDraft();
        machine.Save(draft);
        BlockAddress open = run.Log.FindSequence(draft.BlockFirst)!.Value;
        var boundary = new LogBoundary(open, draft.BlockFirst, run.Log.ChainBefore(open));
        for (int page = draft.Image.Pages - 1; page >= draft.SourcedPages; page--)
        {
            for (int at = 0; at < StateImage.PageBytes; at += 8)
            {
                draft.Image.Page(page)[at] ^= 1;
                if (Loads(draft.Image))
                {
                    var storage = new DirectoryStorage(run.Directory.SnapshotsPath);
                    using var writer = new SnapshotWriter(storage, run.Log.Header.Identity, _ => Task.FromResult(boundary));
                    writer.Take(d =>
                    {
                        machine.Save(d);
                        d.Image.Page(page)[at] ^= 1;
                    });
                    writer.Wait();
                    Assert.Null(writer.Failure);
                    return Path.Combine(run.Directory.SnapshotsPath, SnapshotFile.Name(draft.Sequence));
                }
                draft.Image.Page(page)[at] ^= 1;
            }
        }
        throw new InvalidOperationException("Every bit matters.");

        bool Loads(StateImage image)
        {
            try
            {
                Build().Load(image);
                return true;
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }

    private async Task<string> RecordAsync()
    {
        string experiment = _folder.Write("small.json",
            """
            { "machine": { "memory": "128MiB", "cpus": 2 }, "snapshots": { "everyEvents": 10000 }, "stop": { "events": 45000 },
              "workload": [ { "type": "processes", "tasks": 4, "rounds": 100 } ] }
            """);
        CommandLine.Result result = await CommandLine.RunAsync("run", experiment, "--out", _folder["run"], "--quiet");
        Assert.True(result.ExitCode == 0, result.Error);
        return _folder["run"];
    }
}
