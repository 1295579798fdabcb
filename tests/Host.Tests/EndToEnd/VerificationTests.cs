using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MessagePack;
using Sim.Engine.Random;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.EndToEnd;

/// <summary><c>verify</c>: a sound log gives the run's own states, and no changed byte goes unnoticed.</summary>
[Collection(RunCollection.Name)]
public sealed partial class VerificationTests(RunLibrary library)
{
    private const int RandomFlips = 220;

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("fragmentation-i386")]
    [InlineData("processes")]
    [InlineData("processes-i386")]
    [InlineData("slab")]
    [InlineData("slab-i386")]
    [InlineData("trace")]
    public void DeepVerificationFindsTheRecordedStateAtTwentyPointsAndTheEnd(string workload)
    {
        string run = library.Run(workload);
        RunManifest manifest = RunDirectory.Open(run).ReadManifest();
        CommandLine.Result result = ChildProcess.Sim("verify", run, "--deep", "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.True(json.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(manifest.StateHash, json.RootElement.GetProperty("stateHash").GetString());
        Assert.Equal(manifest.ChainHash, json.RootElement.GetProperty("chainHash").GetString());
        int checkpoints = int.Parse(Checkpoints().Match(result.Error).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(checkpoints, 20, int.MaxValue);
        Assert.Contains($"ran again: {manifest.Events} events are the recorded ones", result.Error);
    }

    [Fact]
    public async Task EveryChangedByteIsFoundAndItsPlaceNamed()
    {
        string run = library.Record(library.Experiment("fragmentation"), "segments",
            "--set", "log.segmentBytes=1MiB", "--set", "stop.events=260000", "--set", "log.checkpointEvery=20000");
        string[] segments = RunLibrary.Segments(run);
        Assert.InRange(segments.Length, 3, 20);
        var random = new RandomStream(11, "flips");
        List<Structure> structures = [.. segments.SelectMany(Structures)];
        var flips = new List<(Structure At, long Offset)>();
        foreach (Structure at in structures)
        {
            flips.AddRange([(at, at.Start), (at, at.End - 1)]);
        }
        for (int i = 0; i < RandomFlips; i++)
        {
            Structure at = structures[(int)random.NextBelow((ulong)structures.Count)];
            flips.Add((at, at.Start + (long)random.NextBelow((ulong)(at.End - at.Start))));
        }
        foreach ((Structure at, long offset) in flips)
        {
            byte mask = (byte)(1 << (int)random.NextBelow(8));
            Flip(at.Segment, offset, mask);
            CommandLine.Result json = await CommandLine.RunAsync("verify", run, "--json");
            CommandLine.Result text = await CommandLine.RunAsync("verify", run);
            Flip(at.Segment, offset, mask);
            Check(at, offset, json, text);
        }
        Assert.Equal(0, ChildProcess.Sim("verify", run).ExitCode);
    }

    [Fact]
    public void TheProcessItselfReportsAChangedByte()
    {
        string run = library.Copy(library.Run("slab"), "flipped");
        Structure at = Structures(RunLibrary.Segments(run)[0]).ElementAt(2);
        Flip(at.Segment, at.Start + 150, 1);
        Check(at, at.Start + 150, ChildProcess.Sim("verify", run, "--json"), ChildProcess.Sim("verify", run));
        foreach (string[] arguments in (string[][])[["events", run], ["show", run, "buddyinfo"], ["replay", run]])
        {
            CommandLine.Result result = ChildProcess.Sim(arguments);
            Assert.Equal(4, result.ExitCode);
            string name = Path.GetFileName(at.Segment);
            Assert.Contains(name, result.Error);
            Assert.Contains($". \"sim verify {run}\" lists all damage, \"sim repair {run} --out COPY\" keeps", result.Error);
        }
    }

    /// <summary>A header map, a block array or a footer map, as a MessagePack reader finds it.</summary>
    private sealed record Structure(string Segment, int? Block, long Start, long End);

    private static List<Structure> Structures(string segment)
    {
        byte[] bytes = File.ReadAllBytes(segment);
        var reader = new MessagePackReader(new ReadOnlySequence<byte>(bytes));
        var found = new List<Structure>();
        int blocks = 0;
        while (!reader.End)
        {
            long start = reader.Consumed;
            int? block = reader.NextMessagePackType == MessagePackType.Array ? blocks++ : null;
            reader.Skip();
            found.Add(new Structure(segment, block, start, reader.Consumed));
        }
        return found;
    }

    private static void Flip(string path, long offset, byte mask)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ mask));
    }

    private static void Check(Structure at, long offset, CommandLine.Result json, CommandLine.Result text)
    {
        string name = Path.GetFileName(at.Segment);
        string what = $"byte {offset} of {name}, in {(at.Block is { } b ? $"block {b}" : "header or footer")} from {at.Start}: {json.Out}{json.Error}";
        Assert.True(json.ExitCode == 4 && text.ExitCode == 4, what);
        using JsonDocument document = JsonDocument.Parse(json.Out);
        Assert.False(document.RootElement.GetProperty("ok").GetBoolean());
        bool named = document.RootElement.GetProperty("damage").EnumerateArray().Any(d =>
            d.GetProperty("segment").GetString() == name
            && (d.GetProperty("block").ValueKind == JsonValueKind.Null ? null : d.GetProperty("block").GetInt32()) == at.Block
            && d.GetProperty("offset").GetInt64() == at.Start
            && d.GetProperty("what").GetString()!.Length > 0);
        Assert.True(named, what);
        Assert.Contains($"{name}, {(at.Block is { } block ? $"block {block}" : "header or footer")}, byte {at.Start}: ", text.Out);
        Assert.StartsWith("error: ", text.Error);
    }

    [GeneratedRegex("the state is the recorded one at ([0-9]+) checkpoints")]
    private static partial Regex Checkpoints();
}
