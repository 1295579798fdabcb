using System.Text.Json;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Host.Tests.Traces;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>Small runs of every workload, made once for all tests of the collection.</summary>
public sealed class RunLibrary : IDisposable
{
    private readonly Dictionary<string, string> _runs = [];

    internal TemporaryFolder Folder { get; } = new();

    public void Dispose() => Folder.Dispose();

    /// <summary>The finished run of a workload; on i386-classic when the name ends in <c>-i386</c>.</summary>
    internal string Run(string workload)
    {
        if (!_runs.TryGetValue(workload, out string? run))
        {
            run = Record(Experiment(workload), workload);
            _runs.Add(workload, run);
        }
        return run;
    }

    /// <summary>Runs an experiment into a new directory of the folder.</summary>
    internal string Record(string experiment, string name, params string[] more)
    {
        CommandLine.Result result = ChildProcess.Sim(["run", experiment, "--out", Folder[name], "--quiet", .. more]);
        Assert.True(result.ExitCode == 0, result.Error);
        return Folder[name];
    }

    /// <summary>The experiment file of a workload.</summary>
    internal string Experiment(string workload)
    {
        string path = Folder[workload + ".json"];
        if (File.Exists(path))
        {
            return path;
        }
        string[] parts = workload.Split('-');
        object phase = parts[0] == "trace" ? new { type = "trace", file = Trace() }
            : parts[0] == "processes" ? new { type = "processes", tasks = 4, rounds = 40 }
            : new { type = parts[0] };
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            machine = new { cpus = 2, memory = "128MiB" },
            kernel = new { profile = parts.Length > 1 ? "i386-classic" : "x86_64" },
            log = new { checkpointEvery = parts[0] == "trace" ? 50 : 1_000 },
            stop = new { events = 30_000 },
            workload = new[] { phase },
        }));
        return path;
    }

    /// <summary>A small real program's trace, imported with the command a user types.</summary>
    internal string Trace()
    {
        string path = Folder["mappings.simtrace"];
        if (!File.Exists(path))
        {
            CommandLine.Result import = ChildProcess.Sim("import", "lackey", TraceFolder.Golden("mappings.lackey.gz"), "-o", path);
            Assert.True(import.ExitCode == 0, import.Error);
        }
        return path;
    }

    /// <summary>A copy of a run, to be damaged.</summary>
    internal string Copy(string run, string name)
    {
        foreach (string file in Directory.GetFiles(run, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Folder[name], Path.GetRelativePath(run, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return Folder[name];
    }

    /// <summary>The log's files, in order.</summary>
    internal static string[] Segments(string run) => [.. Directory.GetFiles(Path.Combine(run, "log")).Order(StringComparer.Ordinal)];
}

/// <summary>Tests that look at the same runs.</summary>
[CollectionDefinition(Name)]
public sealed class RunCollection : ICollectionFixture<RunLibrary>
{
    public const string Name = "end to end";
}
