using System.Security.Cryptography;
using System.Text;
using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

public sealed class ExperimentIdentityTests
{
    private static ExperimentIdentity Of(string json, params string[] sets) => ExperimentText.Reader.Identify(ExperimentText.Read(json, sets), 1);

    [Theory]
    [InlineData("seed=99")]
    [InlineData("stop.time=1s")]
    [InlineData("stop.whenOrderFails=9")]
    [InlineData("log.durability=block")]
    [InlineData("engine.queue=simsharp")]
    [InlineData("machine.memory=1048576KiB")]
    [InlineData("workload[0].pause=0.25ms")]
    public void HashDoesNotDependOn(string set) =>
        Assert.Equal(Of(ExperimentText.Minimal).ConfigHash, Of(ExperimentText.Minimal, set).ConfigHash);

    [Theory]
    [InlineData("machine.cpus=2")]
    [InlineData("machine.quantum=1us")]
    [InlineData("kernel.profile=i386-classic")]
    [InlineData("log.categories=[\"-tlb\"]")]
    [InlineData("log.checkpointEvery=1000")]
    [InlineData("workload[0].tasks=5")]
    [InlineData("workload[1]={\"type\":\"probe\"}")]
    public void HashDependsOn(string set) =>
        Assert.NotEqual(Of(ExperimentText.Minimal).ConfigHash, Of(ExperimentText.Minimal, set).ConfigHash);

    [Fact]
    public void HashDoesNotDependOnSpellingOrOrder() => Assert.Equal(
        Of("""{ "name": "try", "machine": { "cpus": 1, "memory": "1GiB" }, "workload": [ { "type": "probe" } ] }""").ConfigHash,
        Of("""{ "workload": [ { "tasks": 4, "type": "probe" } ], "machine": { "memory": 1073741824, "cpus": 1 }, "seed": 5 }""").ConfigHash);

    [Fact]
    public void TracesCountByContentNotByPath()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach ((string name, string content) in (ReadOnlySpan<(string, string)>)[("a", "same"), ("b", "same"), ("c", "other")])
            {
                File.WriteAllText(Path.Combine(folder, name), content);
            }
            string Hash(string name) => Of(ExperimentText.Minimal, $"workload[0].trace={folder}/{name}").ConfigHash;
            Assert.Equal(Hash("a"), Hash("b"));
            Assert.NotEqual(Hash("a"), Hash("c"));
            Assert.Contains("cannot be read", Assert.Throws<ExperimentException>(() => Hash("missing")).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void RunIdIsTheHashOfConfigurationSeedAndEngineVersion()
    {
        ExperimentIdentity identity = Of(ExperimentText.Minimal, "seed=7");
        byte[] hash = SHA256.HashData(Encoding.ASCII.GetBytes($"{identity.ConfigHash}/7/1"));
        Assert.Equal(Convert.ToHexStringLower(hash)[..32], identity.RunId);
        Assert.NotEqual(identity.RunId, Of(ExperimentText.Minimal, "seed=8").RunId);
    }
}
