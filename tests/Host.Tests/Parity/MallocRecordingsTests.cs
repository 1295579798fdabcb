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
    public void AnythingElseIsRefused(string line, string message) =>
        Assert.Contains(message, Assert.Throws<TraceFormatException>(() => MallocRecordings.Read(_folder.WriteLines("r", line))).Message);

    [Fact]
    public void ChangedBytesAreReadOrRefused()
    {
        var random = new RandomStream(1, "fuzz");
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(Line);
            for (ulong changes = 1 + random.NextBelow(4); changes > 0; changes--)
            {
                bytes[random.NextBelow((ulong)bytes.Length)] = (byte)(32 + random.NextBelow(95));
            }
            try
            {
                MallocRecordings.Read(_folder.Write("fuzz", bytes));
            }
            catch (TraceFormatException)
            {
                // The documented way to refuse.
            }
        }
    }

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
