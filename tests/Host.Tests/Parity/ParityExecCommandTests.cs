using System.Text.Json;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Parity;

public class ParityExecCommandTests
{
    private static readonly string _recording = Path.Combine(Repository.Root, "traces", "vma", "exec.jsonl.gz");

    [Fact]
    public async Task JsonHasTheMembersOfEverySequenceReport()
    {
        CommandLine.Result result = await CommandLine.RunAsync("parity", "exec", _recording, "--json");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Out);
        JsonElement report = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal(["file", "sequences", "sequencesEqual", "steps", "stepsEqual", "differences"], report.EnumerateObject().Select(p => p.Name));
        Assert.Equal(48, report.GetProperty("sequencesEqual").GetInt32());
        Assert.Equal(0, report.GetProperty("differences").GetArrayLength());
    }

    [Fact]
    public async Task ARecordingWithoutItsListingsIsAnError()
    {
        string folder = Directory.CreateTempSubdirectory("sim-").FullName;
        string alone = Path.Combine(folder, "exec.jsonl.gz");
        File.Copy(_recording, alone);
        CommandLine.Result result = await CommandLine.RunAsync("parity", "exec", alone);
        Directory.Delete(folder, recursive: true);
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.Contains("static-nopie64.txt: cannot be read", result.Error, StringComparison.Ordinal);
    }
}
