using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sim.Host.Runs;
using Sim.Host.Tests.Experiments;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Commands;

public sealed class RunCommandTests
{
    private static Task<CommandLine.Result> RunAsync(FakeSimulator simulator, CancellationToken cancellation, params string[] arguments) =>
        CommandLine.RunAsync(services =>
        {
            services.AddSingleton<ISimulator>(simulator);
            services.AddSingleton(ProbeOptions.Registry);
        }, cancellation, arguments);

    [Fact]
    public async Task SummarySaysWhatRanAndWhatToTryNext()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Result result = await RunAsync(new FakeSimulator(), default, "run", folder.Write("try.json", ExperimentText.Minimal), "--out", folder["run"], "--seed", "5");
        Assert.Equal(0, result.ExitCode);
        string chain = RunDirectory.Open(folder["run"]).ReadManifest().ChainHash!;
        foreach (string part in (string[])["try: probe on 1 CPU, 1GiB, x86_64", "seed                5", "100,000", chain, "free blocks of order", "extfrag index",
            $"show {folder["run"]} buddyinfo", $"verify {folder["run"]} --deep", $"export {folder["run"]} --to parquet"])
        {
            Assert.Contains(part, result.Out);
        }
        Assert.Equal($"sim run {folder["try.json"]} --out {folder["run"]} --seed 5\n", File.ReadAllText(folder["run/command.txt"]));
        Assert.StartsWith("running try, seed 5, configHash ", result.Error);
    }

    [Fact]
    public async Task EventsOfTheRunAreJsonLines()
    {
        using var folder = new TemporaryFolder();
        await RunAsync(new FakeSimulator { Dispatches = 10 }, default, "run", folder.Write("try.json", ExperimentText.Minimal), "--out", folder["run"], "--quiet");
        CommandLine.Result json = await CommandLine.RunAsync("events", folder["run"], "--json", "--from", "3", "-n", "2");
        Assert.Equal(
            "{\"sequence\":3,\"timePs\":4000,\"cause\":null,\"event\":\"state.checkpoint\",\"fields\":{\"state_hash\":\"0x4\"}}\n"
            + "{\"sequence\":4,\"timePs\":5000,\"cause\":null,\"event\":\"state.checkpoint\",\"fields\":{\"state_hash\":\"0x5\"}}\n", json.Out);
        CommandLine.Result text = await CommandLine.RunAsync("events", folder["run"], "--kind", "state");
        Assert.Equal(10, text.Out.Split('\n').Length - 1);
        Assert.StartsWith("0 1000 state.checkpoint state_hash=0x1\n", text.Out);
        CommandLine.AssertRefused(await CommandLine.RunAsync("events", folder["run"], "--kind", "stat"), ExitCode.Usage, "--kind stat: the log has no such kind or category. Did you mean \"state\"?");
    }

    [Fact]
    public async Task ExistingOutputDirectoryIsAUsageError()
    {
        using var folder = new TemporaryFolder();
        CommandLine.AssertRefused(
            await RunAsync(new FakeSimulator(), default, "run", folder.Write("try.json", ExperimentText.Minimal), "--out", folder.Path),
            ExitCode.Usage, "exists, and runs are never overwritten");
    }

    [Fact]
    public async Task InterruptedRunReturns130()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var simulator = new FakeSimulator { OnStep = m => { if (m.Events > 5_000) { stop.Cancel(); } } };
        CommandLine.Result result = await RunAsync(simulator, stop.Token, "run", folder.Write("try.json", ExperimentText.Minimal), "--out", folder["run"], "--json");
        Assert.Equal(130, result.ExitCode);
        Assert.Contains("interrupted after event ", result.Error);
        using JsonDocument printed = JsonDocument.Parse(result.Out);
        Assert.Equal("interrupted", printed.RootElement.GetProperty("manifest").GetProperty("status").GetString());
    }

    [Fact]
    public async Task BugIsReportedWithoutAStackTrace()
    {
        using var folder = new TemporaryFolder();
        var simulator = new FakeSimulator { OnStep = _ => throw new InvalidOperationException("boom") };
        CommandLine.Result result = await RunAsync(simulator, default, "run", folder.Write("try.json", ExperimentText.Minimal), "--out", folder["run"]);
        Assert.Equal(70, result.ExitCode);
        Assert.Contains("A bug in this program: InvalidOperationException: boom (in ", result.Error);
        Assert.Contains("Please report it", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }
}
