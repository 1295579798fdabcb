using System.Text;
using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

/// <summary>Reads experiments from text.</summary>
internal static class ExperimentText
{
    public const string Minimal = """{ "workload": [ { "type": "probe" } ] }""";

    public static ExperimentFile Reader { get; } = new(ProbeOptions.Registry);

    public static Experiment Read(string json, params string[] sets) => Read(Encoding.UTF8.GetBytes(json), sets);

    public static Experiment Read(byte[] bytes, params string[] sets) =>
        Reader.Read(new ConfigText("/lab/try.json", bytes), sets.Select(ConfigOverride.Parse));

    /// <summary>The message of the one exception the reader may throw.</summary>
    public static string Refusal(string json, params string[] sets) =>
        Assert.Throws<ExperimentException>(() => Read(json, sets)).Message;
}
