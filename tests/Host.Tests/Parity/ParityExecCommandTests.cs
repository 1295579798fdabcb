using System.IO.Compression;
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

    /// <summary>The limit is the recorded program's alone, not the recorder's, and what comes of it is a difference.</summary>
    [Theory]
    [InlineData("0")]
    [InlineData("4096")]
    [InlineData("9223372036854775807")]
    public async Task AnyStackLimitIsALayoutOrADifference(string limit)
    {
        string folder = Directory.CreateTempSubdirectory("sim-").FullName;
        Directory.CreateSymbolicLink(Path.Combine(folder, "elf"), Path.Combine(Path.GetDirectoryName(_recording)!, "elf"));
        using var text = new StreamReader(new GZipStream(File.OpenRead(_recording), CompressionMode.Decompress));
        string changed = Path.Combine(folder, "changed.jsonl");
        await File.WriteAllTextAsync(changed, (await text.ReadLineAsync(TestContext.Current.CancellationToken))!.Replace("\"stack_rlimit\":8388608", "\"stack_rlimit\":" + limit, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        CommandLine.Result result = await CommandLine.RunAsync("parity", "exec", changed);
        Directory.Delete(folder, recursive: true);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("layout 0: ", result.Out, StringComparison.Ordinal);
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
