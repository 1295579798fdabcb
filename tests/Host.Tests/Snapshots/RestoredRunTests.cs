using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Snapshots;

/// <summary>
/// Fidelity: a machine restored from a snapshot goes on exactly as the one that was never stopped. Compared are all raw
/// blocks from there on and, at the end, the whole image of the state, so that a field which was not restored is found even
/// where no event shows it.
/// </summary>
public class RestoredRunTests
{
    public static TheoryData<string> Experiments() =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "traces"), "*.json")
            .Where(f => !f.EndsWith(".schema.json", StringComparison.Ordinal)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Experiments))]
    public void GoesOnAsIfNeverStopped(string file)
    {
        Experiment experiment = Application.Reader.Load(Path.Combine(Repository.Root, "traces", file), [ConfigOverride.Parse("stop.events=300000")]);
        var whole = new Collector();
        IRunnable machine = Application.Simulator.Build(experiment, whole, []);
        machine.Start();
        var random = new Engine.Random.RandomStream(1, file);
        var images = new List<(StateImage Image, long Events)>();
        long next = 0;
        StepStatus status;
        do
        {
            if (machine.Events >= next && images.Count < 4)
            {
                images.Add((Save(machine, []), machine.Events));
                next = machine.Events + (long)random.NextBelow(100_000);
            }
            status = machine.Step(1 + (int)random.NextBelow(50));
        }
        while (status == StepStatus.More);
        machine.CompleteLog();
        var objects = new List<(long Offset, Type Type)>();
        StateImage end = Save(machine, objects);

        foreach ((StateImage image, long events) in images)
        {
            var rest = new Collector();
            IRunnable restored = Application.Simulator.Build(experiment, rest, []);
            restored.Load(image);
            Assert.Equal(events, restored.Events);
            AssertSame(image, Save(restored, []), $"restored at {events}", []);
            while (restored.Step(100) == StepStatus.More)
            {
            }
            restored.CompleteLog();
            Assert.Equal(whole.Blocks[^rest.Blocks.Count..], rest.Blocks);
            AssertSame(end, Save(restored, []), $"restored at {events}, at the end", objects);
        }
    }

    private static StateImage Save(IRunnable machine, List<(long Offset, Type Type)> objects)
    {
        var draft = new SnapshotDraft();
        machine.Save(draft, objects);
        return draft.Image;
    }

    private static void AssertSame(StateImage expected, StateImage actual, string when, List<(long Offset, Type Type)> objects)
    {
        for (int page = 0; page < Math.Min(expected.Pages, actual.Pages); page++)
        {
            int same = expected.Page(page).CommonPrefixLength(actual.Page(page));
            if (same < StateImage.PageBytes)
            {
                long at = page * (long)StateImage.PageBytes + same;
                (long Offset, Type? Type) thing = objects.LastOrDefault(o => o.Offset <= at);
                Assert.Fail($"{when}: byte {at} of {expected.Length} differs, {at - thing.Offset} bytes into a {thing.Type}");
            }
        }
        Assert.Equal(expected.Length, actual.Length);
    }

    private sealed class Collector : IBlockSink
    {
        public List<string> Blocks { get; } = [];

        public byte[] Submit(in RawBlock block)
        {
            Blocks.Add($"{block.FirstSequence} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(block.Payload.AsSpan(0, block.Length)))}");
            return block.Payload;
        }
    }
}
