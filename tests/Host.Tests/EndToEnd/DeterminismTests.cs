using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>The log depends on the experiment and its seed, and on nothing else.</summary>
[Collection(RunCollection.Name)]
public sealed class DeterminismTests(RunLibrary library)
{
    private static readonly string[] Surroundings =
    [
        "DOTNET_TieredPGO=0", "DOTNET_gcServer=1", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8", "TZ=Asia/Kathmandu",
    ];

    private static readonly string[] OtherSurroundings = ["DOTNET_TieredCompilation=0", "LANG=ar_SA.UTF-8", "LC_ALL=ar_SA.UTF-8", "TZ=America/St_Johns"];

    private int _runs;

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes")]
    [InlineData("slab")]
    [InlineData("trace")]
    public void SameExperimentGivesTheSameFilesWhereverItRuns(string workload)
    {
        string run = library.Run(workload);
        AssertSameLog(run, Again(workload, []));
        AssertSameLog(run, Again(workload, [], "--set", "engine.queue=simsharp"));
        AssertSameLog(run, Again(workload, Surroundings));
        AssertSameLog(run, Again(workload, OtherSurroundings));
    }

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes")]
    [InlineData("slab")]
    public void AnotherSeedGivesOtherEvents(string workload)
    {
        string other = Again(workload, [], "--seed", "77");
        Assert.NotEqual(ChainHash(library.Run(workload)), ChainHash(other));
    }

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes")]
    public void OneCoreChangesNothing(string workload)
    {
        ChildProcess.Need(OperatingSystem.IsLinux() && ChildProcess.Succeeds("taskset", "--version"), "there is no taskset here: apt-get install util-linux");
        AssertSameLog(library.Run(workload), Again(workload, ["pinned"]));
    }

    private string Again(string workload, string[] environment, params string[] more)
    {
        string name = $"{workload}-{TestContext.Current.Test!.UniqueID[..16]}-{_runs++}";
        CommandLine.Result result = ChildProcess.Sim(
            environment, ["run", library.Experiment(workload), "--out", library.Folder[name], "--quiet", .. more]);
        Assert.True(result.ExitCode == 0, result.Error);
        return library.Folder[name];
    }

    private static string ChainHash(string run) => Sim.Host.Runs.RunDirectory.Open(run).ReadManifest().ChainHash!;

    private static void AssertSameLog(string expected, string actual)
    {
        string[] left = RunLibrary.Segments(expected), right = RunLibrary.Segments(actual);
        Assert.Equal(left.Select(Path.GetFileName), right.Select(Path.GetFileName));
        for (int i = 0; i < left.Length; i++)
        {
            Assert.True(File.ReadAllBytes(left[i]).AsSpan().SequenceEqual(File.ReadAllBytes(right[i])), $"{left[i]} and {right[i]} differ");
        }
    }
}
