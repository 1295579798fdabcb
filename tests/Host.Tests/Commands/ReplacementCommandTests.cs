using System.Text.Json;
using Sim.Host.Tests.Traces;

namespace Sim.Host.Tests.Commands;

/// <summary>The command line of <c>sim replacement</c>.</summary>
public sealed class ReplacementCommandTests : IDisposable
{
    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task JsonHasTheCounts()
    {
        CommandLine.Result result = await Run("--policy", "FIFO", "--frames", "4", Belady(), "--json");
        JsonElement json = JsonDocument.Parse(result.Out).RootElement;
        Assert.Equal(["policy", "frames", "references", "hits", "misses", "missRatio", "oracle"], json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("fifo", 4, 12, 2, 10), (json.GetProperty("policy").GetString(), json.GetProperty("frames").GetInt32(),
            json.GetProperty("references").GetInt32(), json.GetProperty("hits").GetInt32(), json.GetProperty("misses").GetInt32()));
        Assert.Equal(10 / 12.0, json.GetProperty("missRatio").GetDouble());
        Assert.False(json.GetProperty("oracle").GetBoolean());
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("belady", "opt (oracle), 3 frames: 12 references, 5 hits, 7 misses, miss ratio 0.583333\n")]
    [InlineData("twoq", "2q (oracle), 3 frames: 12 references, ")]
    [InlineData("Working_Set", "working-set, 3 frames: 12 references, ")]
    public async Task PoliciesHaveTheNamesThatPeopleUse(string name, string begins) =>
        Assert.StartsWith(begins, (await Run("--policy", name, "--frames", "3", Belady())).Out);

    [Fact]
    public async Task WhatIsWrongIsSaid()
    {
        CommandLine.AssertRefused(await Run("--policy", "best", "--frames", "3", Belady()), ExitCode.Usage, "--policy best: there is no such policy. Choose one of fifo, ");
        CommandLine.AssertRefused(await Run("--policy", "lru", "--frames", "0", Belady()), ExitCode.Usage, "--frames 0");
        CommandLine.AssertRefused(await Run("--policy", "lru", "--frames", "99999999999", Belady()), ExitCode.Usage, "at most 16777216");
        CommandLine.AssertRefused(await Run("--policy", "nru", "--tick", "0", "--frames", "3", Belady()), ExitCode.Usage, "--tick 0");
        CommandLine.AssertRefused(await Run("--policy", "lru", "--frames", "3", _folder.InFolder("none")), ExitCode.Configuration, "does not exist");
        CommandLine.AssertRefused(await Run("--policy", "lru", "--frames", "3", _folder.WriteLines("empty", "# nothing")), ExitCode.Configuration, "the trace has no reference");
        CommandLine.AssertRefused(await Run("--policy", "opt", "--frames", "3", _folder.WriteLines("bad", "1", "two")), ExitCode.Configuration, "line 2: \"two\"");
    }

    private static Task<CommandLine.Result> Run(params string[] arguments) => CommandLine.RunAsync(["replacement", .. arguments]);

    private string Belady() => _folder.WriteLines("belady", "1 2 3 4 1 2 5 1 2 3 4 5".Split(' '));
}
