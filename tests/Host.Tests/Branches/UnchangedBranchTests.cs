using System.Globalization;
using Sim.Engine.Random;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Branches;

/// <summary>A branch without changes comes to the end of its parent, wherever it begins: nothing of the state is lost on the way.</summary>
public sealed class UnchangedBranchTests
{
    private const int Points = 20;

    [Theory]
    [InlineData("quickstart", 45_000)]
    [InlineData("fragmentation-linux", 45_000)]
    [InlineData("hugepages-linux", 45_000)]
    [InlineData("processes", 45_000)]
    [InlineData("slab", 45_000)]
    [InlineData("sort", 45_000)]
    [InlineData("aged", 80_000)]
    public async Task ItEndsWithTheChainHashOfItsParent(string experiment, int events)
    {
        using var folder = new TemporaryFolder();
        string stop = string.Create(CultureInfo.InvariantCulture, $"stop.events={events}");
        CommandLine.Result run = await CommandLine.RunAsync(
            "run", Path.Combine(Repository.Root, "traces", experiment + ".json"), "--set", stop, "--set", "log.checkpointEvery=10000", "--out", folder["parent"], "--quiet");
        Assert.True(run.ExitCode == 0, run.Error);
        RunManifest parent = RunDirectory.Open(folder["parent"]).ReadManifest();
        var random = new RandomStream(17, experiment);
        long[] points = [0, parent.LastSequence, .. Enumerable.Range(0, Points - 2).Select(_ => (long)random.NextBelow((ulong)parent.Events))];
        foreach (long point in points)
        {
            string at = point.ToString(CultureInfo.InvariantCulture), branch = folder[$"branch-{at}"];
            CommandLine.Result result = await CommandLine.RunAsync("branch", folder["parent"], "--at", at, "--out", branch, "--quiet");
            Assert.True(result.ExitCode == 0, $"at {at}: {result.Error}");
            RunManifest manifest = RunDirectory.Open(branch).ReadManifest();
            Assert.True((parent.Events, parent.ChainHash, parent.StateHash) == (manifest.Events, manifest.ChainHash, manifest.StateHash), $"the branch at {at} ends otherwise");
            CommandLine.Result verified = await CommandLine.RunAsync("verify", branch);
            Assert.True(verified.ExitCode == 0, verified.Error);
            Directory.Delete(branch, recursive: true);
        }
    }
}
