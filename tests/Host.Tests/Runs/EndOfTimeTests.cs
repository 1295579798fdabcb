using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Runs;

/// <summary>A run whose workload goes on for longer than simulated time can count ends where time does, like any other run.</summary>
public sealed class EndOfTimeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("calendar", "8999")]
    [InlineData("simsharp", "3155")]
    public async Task TheRunEndsWithTime(string queue, string firstDigits)
    {
        string experiment = _folder.Write("long.json", $$"""
            {
              "machine": { "memory": "128MiB" }, "engine": { "queue": "{{queue}}" },
              "workload": [
                { "type": "names", "files": 5, "every": "1000s", "open": { "kind": "fixed", "mean": "1000s" }, "duration": "9000s" },
                { "type": "names", "files": 5, "every": "1000s", "open": { "kind": "fixed", "mean": "1000s" }, "duration": "9223372s" }
              ]
            }
            """);
        string run = _folder["run"];
        CommandLine.Result ran = await CommandLine.RunAsync("run", experiment, "--out", run, "--quiet");
        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Contains("simulated time ends here", ran.Out);
        Assert.Contains($"\"simulatedPs\": {firstDigits}", File.ReadAllText(_folder["run/manifest.json"]));
        CommandLine.Result verified = await CommandLine.RunAsync("verify", run, "--deep");
        Assert.True(verified.ExitCode == 0, verified.Error);
    }
}
