using System.Text.Json;
using Sim.Host;

namespace Sim.Fidelity.Tests.Malloc;

/// <summary>
/// glibc's malloc call by call: what <c>sim parity malloc</c> says of traces/malloc, five programs recorded on Linux 6.1 and under strace,
/// 64 and 32 bit, static and dynamic. Nothing is corrected on the way, so one different decision shows to the end.
/// </summary>
public sealed class MallocParityTests
{
    [Theory]
    [InlineData("malloc-6.1.jsonl.gz", 20, 5_961)]
    [InlineData("malloc-host.jsonl.gz", 40, 11_764)]
    public async Task EveryCallIsTheRecordedOne(string file, int sequences, int steps)
    {
        using var output = new StringWriter();
        int code = await SimApplication.RunAsync(["parity", "malloc", Path.Combine(Folder(), file), "--json"],
            new StandardStreams(output, TextWriter.Null, ErrorIsTerminal: false, Color: false), TestContext.Current.CancellationToken);
        JsonElement report = Assert.Single(JsonDocument.Parse(output.ToString()).RootElement.EnumerateArray());
        Assert.True(report.GetProperty("differences").GetArrayLength() == 0, report.GetProperty("differences").ToString());
        Assert.Equal((sequences, sequences), (report.GetProperty("sequences").GetInt32(), report.GetProperty("sequencesEqual").GetInt32()));
        Assert.Equal((steps, steps), (report.GetProperty("steps").GetInt32(), report.GetProperty("stepsEqual").GetInt32()));
        Assert.Equal(0, code);
    }

    private static string Folder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sim.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return Path.Combine(folder!, "traces", "malloc");
    }
}
