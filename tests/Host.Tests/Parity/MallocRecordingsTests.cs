using System.Text;
using System.Text.Json;
using Sim.Engine.Random;
using Sim.Host.Parity;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Traces;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Parity;

/// <summary>Recordings of malloc programs: what is read, what is refused, and that a changed one is reported as different.</summary>
public sealed class MallocRecordingsTests : IDisposable
{
    private const string Line = """{"program": "m3_threshold.c", "seed": 1, "bits": 64, "link": "dynamic", "calls": [{"call": "brk", "args": ["NULL"], "ret": "heap+0"}, {"call": "mmap", "args": ["NULL", 147456, "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0], "ret": "map-4096"}]}""";

    private const string AbsoluteLine = """{"malloc": "m3_threshold", "link": "static", "arch": "686-pae", "seed": 1, "brk_at_main": 135344128, "at_main": {"areas": [[135204864, 135344128]]}, "at_end": {"areas": []}, "calls": [["mmap2", [0, 147456, 3, 34, -1, 0], 3086835712], ["brk", [4096], "ENOMEM"]]}""";

    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void RelativeNumbersBecomePlain()
    {
        MallocRecording recording = Assert.Single(MallocRecordings.Read(_folder.WriteLines("r", Line)));
        Assert.Equal(("m3_threshold", false, 64, 1, true), (recording.Program, recording.IsStatic, recording.Bits, recording.Seed, recording.IsRelative));
        Assert.Equal("brk(0) = 0x100000", recording.Calls[0].At(0x10_0000, 0x20_0000).ToString());
        Assert.Equal("mmap(0, 0x24000, 3, 34, -1, 0) = 0x1ff000", recording.Calls[1].At(0x10_0000, 0x20_0000).ToString());
    }

    [Theory]
    [InlineData("{", "line 1: the line is no JSON")]
    [InlineData("[]", "line 1: the line is no recording")]
    [InlineData("{}", "line 1: the line is no recording")]
    [InlineData("", "the line is no JSON")]
    [InlineData("""{"program": "m3_threshold.c", "seed": 1, "bits": 64, "link": "odd", "calls": []}""", "link is odd")]
    [InlineData("""{"program": "m3_threshold.c", "seed": 1, "bits": 64, "link": "static", "calls": [{"call": "brk", "args": ["heap"], "ret": 0}]}""", "heap is no argument")]
    [InlineData("""{"malloc": "m3_threshold", "link": "static", "arch": "amd64", "seed": 1}""", "line is no recording")]
    [InlineData("""{"program": "m3_threshold.c", "seed": 1, "bits": 64, "link": "static", "calls": [7]}""", "line is no recording")]
    [InlineData("""{"malloc": "m", "link": "static", "arch": "amd64", "seed": 1, "brk_at_main": 1, "at_main": {"areas": [[1]]}, "at_end": {"areas": []}, "calls": []}""", "line is no recording")]
    public void AnythingElseIsRefused(string line, string message) =>
        Assert.Contains(message, Assert.Throws<TraceFormatException>(() => MallocRecordings.Read(_folder.WriteLines("r", line))).Message);

    [Theory]
    [InlineData(Line)]
    [InlineData(AbsoluteLine)]
    public void ChangedBytesAreReadAndComparedOrRefused(string line)
    {
        var random = new RandomStream(1, "fuzz");
        for (int round = 0; round < 400; round++)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(line);
            for (ulong changes = 1 + random.NextBelow(4); changes > 0; changes--)
            {
                bytes[random.NextBelow((ulong)bytes.Length)] = (byte)(32 + random.NextBelow(95));
            }
            try
            {
                foreach (MallocRecording recording in MallocRecordings.Read(_folder.Write("fuzz", bytes)))
                {
                    MallocParity.Run(recording);
                }
            }
            catch (Exception e) when (e is TraceFormatException or CommandException)
            {
                // The documented ways to refuse.
            }
        }
    }

    [Theory]
    [InlineData("m2_growing_realloc", int.MaxValue, 0)]
    [InlineData("m4_top_trim", int.MaxValue, 1)]
    [InlineData("m4_top_trim", -5, 1)]
    [InlineData("m5_mixture", int.MinValue, ulong.MaxValue)]
    public void AnySeedAndBreakCanBeRun(string program, int seed, ulong breakAtMain) =>
        Assert.NotNull(MallocParity.Run(new MallocRecording(program, true, 32, seed, breakAtMain, [], [], [])).Difference);

    [Fact]
    public async Task ADifferenceIsReportedWithItsStep()
    {
        CommandLine.Result result = await CommandLine.RunAsync("parity", "malloc", _folder.WriteLines("r", Line), "--json");
        Assert.Equal((int)ExitCode.Difference, result.ExitCode);
        JsonElement report = Assert.Single(JsonDocument.Parse(result.Out).RootElement.EnumerateArray());
        Assert.Equal(["file", "sequences", "sequencesEqual", "steps", "stepsEqual", "differences"], report.EnumerateObject().Select(p => p.Name));
        Assert.Equal((1, 0, 2, 1), (report.GetProperty("sequences").GetInt32(), report.GetProperty("sequencesEqual").GetInt32(),
            report.GetProperty("steps").GetInt32(), report.GetProperty("stepsEqual").GetInt32()));
        JsonElement difference = Assert.Single(report.GetProperty("differences").EnumerateArray());
        Assert.Equal((0, 1, "mmap", "call"), (difference.GetProperty("sequence").GetInt32(), difference.GetProperty("step").GetInt32(),
            difference.GetProperty("call").GetString(), difference.GetProperty("field").GetString()));
        Assert.StartsWith("mmap(", difference.GetProperty("expected").GetString());
        Assert.StartsWith("brk(", difference.GetProperty("actual").GetString());
    }

    [Fact]
    public async Task WhatIsWrongIsSaid()
    {
        CommandLine.AssertRefused(await CommandLine.RunAsync("parity", "malloc", _folder.InFolder("none")), ExitCode.Configuration, "does not exist");
        CommandLine.AssertRefused(await CommandLine.RunAsync("parity", "malloc", _folder.WriteLines("r", Line.Replace("m3_", "m9_"))), ExitCode.Configuration,
            "The recording is of program m9_threshold, which is none of m1_many_small, ");
    }
}
