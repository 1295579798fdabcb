using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sim.Engine.Time;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Host.Workloads;

namespace Sim.Host.Tests.Branches;

/// <summary>Every setting that says of itself that a branch may change it is changed in one, which must run and verify.</summary>
public sealed class MidRunSettingsTests(MidRunSettingsTests.Parents parents) : IClassFixture<MidRunSettingsTests.Parents>
{
    private const long At = 20_000;

    /// <summary>Values for settings that are null where nothing is set, and for lists.</summary>
    private static readonly Dictionary<string, string> Given = new()
    {
        ["stop.time"] = "100ms",
        ["stop.events"] = "31000",
        ["stop.whenOrderFails"] = "10",
        ["log.checkpointEvery"] = "3000",
        ["snapshots.everyEvents"] = "4000",
        ["snapshots.every"] = "300us",
        ["name"] = "otherwise",
        ["workload[fragmentation].users[].orders"] = """[{"order":1,"weight":2},{"order":0}]""",
        ["workload[fragmentation].users[].lifetimes"] = """[{"mean":"3us"},{"mean":"1ms"}]""",
    };

    /// <summary>The settings, each with the experiment in which it matters.</summary>
    public static TheoryData<string, string> Sections
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string section in Leaves().Select(l => Section(l.Path)).Distinct())
            {
                string[] workloads = section.StartsWith("workload[", StringComparison.Ordinal) ? [section.Split('[', ']')[1]]
                    : section is "kernel.slab" ? ["slab"]
                    : section is "kernel.compaction" ? ["hugepages", "processes"]
                    : ["processes"];
                foreach (string workload in workloads)
                {
                    data.Add(section, workload);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public async Task ABranchWithTheSectionChangedRunsAndVerifies(string section, string workload)
    {
        string parent = await parents.RunAsync(workload), branch = parents.Folder[$"{workload}-{section.Replace('[', '-').Replace(']', '-')}"];
        Experiment before = Application.Reader.Load(RunDirectory.Open(parent).ConfigurationPath, []);
        (string Path, Setting Setting)[] leaves = [.. Leaves().Where(l => Section(l.Path) == section)];
        string[] sets = [.. leaves.SelectMany(l => (string[])["--set", $"{Concrete(l.Path)}={Changed(before, l)}"])];
        CommandLine.Result result = await CommandLine.RunAsync(["branch", parent, "--at", At.ToString(CultureInfo.InvariantCulture), "--out", branch, "--quiet", .. sets]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', sets)}: {result.Error}");
        CommandLine.Result verified = await CommandLine.RunAsync("verify", branch, "--deep");
        Assert.True(verified.ExitCode == 0, $"{string.Join(' ', sets)}: {verified.Error}");
        // What was asked for is in the branch's configuration.
        CommandLine.Result difference = await CommandLine.RunAsync("diff", parent, branch, "--json");
        using JsonDocument json = JsonDocument.Parse(difference.Out);
        string[] changed = [.. json.RootElement.GetProperty("configuration").EnumerateArray().Select(s => s.GetProperty("path").GetString()!)];
        Assert.All(leaves, l => Assert.Contains(changed, c => c.StartsWith(Regex.Replace(Concrete(l.Path), @"\.(\d+)", "[$1]"), StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Path, Setting Setting)> Leaves() => Leaves(typeof(Experiment), "", mayChange: false);

    private static IEnumerable<(string Path, Setting Setting)> Leaves(Type type, string prefix, bool mayChange)
    {
        foreach (Setting setting in SettingsType.Of(type).Settings)
        {
            string path = prefix + setting.Key;
            bool may = mayChange || setting.Attribute.MidRun;
            IEnumerable<(string, Setting)> inside = setting.Shape switch
            {
                SettingShape.Record => Leaves(setting.Type, path + ".", may),
                SettingShape.List when setting.ItemType == typeof(WorkloadOptions) =>
                    KnownWorkloads.Registry.Types.SelectMany(t => Leaves(t.OptionsType, $"{path}[{t.Name}].", may)),
                SettingShape.List when !may && SettingsType.ShapeOf(setting.ItemType) == SettingShape.Record => Leaves(setting.ItemType, path + "[].", may),
                _ => may ? [(path, setting)] : [],
            };
            foreach ((string, Setting) leaf in inside)
            {
                yield return leaf;
            }
        }
    }

    private static string Section(string path) =>
        path.StartsWith("workload[", StringComparison.Ordinal) ? path[..(path.IndexOf(']') + 1)]
        : path.LastIndexOf('.') is > 0 and var dot ? path[..dot] : path;

    private static string Concrete(string path) =>
        path.StartsWith("workload[", StringComparison.Ordinal) ? $"workload.0{path[(path.IndexOf(']') + 1)..]}".Replace("[]", ".0") : path;

    private static string Changed(Experiment before, (string Path, Setting Setting) leaf)
    {
        if (Given.TryGetValue(leaf.Path, out string? given))
        {
            return given;
        }
        object? value = before;
        foreach (string key in Concrete(leaf.Path).Split('.'))
        {
            value = int.TryParse(key, CultureInfo.InvariantCulture, out int index)
                ? ((System.Collections.IEnumerable)value!).Cast<object>().ElementAt(index)
                : SettingsType.Of(value!.GetType()).Settings.Single(s => s.Key == key).Property.GetValue(value);
        }
        return value switch
        {
            bool flag => flag ? "false" : "true",
            int or long => Next(Convert.ToInt64(value, CultureInfo.InvariantCulture), leaf.Setting.Attribute).ToString(CultureInfo.InvariantCulture),
            SimTime time => $"{Next(time.Ps, leaf.Setting.Attribute)}ps",
            ByteSize size => (size.Bytes > 1 << 20 ? size.Bytes / 2 : size.Bytes * 2).ToString(CultureInfo.InvariantCulture),
            Enum choice => SettingsType.ChoicesOf(choice.GetType()).First(c => !c.Value.Equals(choice)).Name,
            _ => throw new InvalidOperationException($"No other value is known for {leaf.Path}: name one in {nameof(Given)}."),
        };
    }

    private static long Next(long value, SettingAttribute limits) =>
        value + 1 + (value / 8) is var more && more <= limits.Max ? more : value - 1;

    /// <summary>Small runs of the workloads, each made once.</summary>
    public sealed class Parents : IDisposable
    {
        private static readonly string Programs = Path.Combine(Repository.Root, "traces", "programs");

        private readonly Dictionary<string, string> _runs = [];

        internal TemporaryFolder Folder { get; } = new();

        public void Dispose() => Folder.Dispose();

        internal async Task<string> RunAsync(string workload)
        {
            if (!_runs.TryGetValue(workload, out string? run))
            {
                string phase = workload switch
                {
                    "processes" => """{ "type": "processes", "tasks": 4, "rounds": 60 }""",
                    "hugepages" => """{ "type": "fragmentation", "duration": "1ms" }, { "type": "hugepages" }""",
                    "programs" => $$"""
                        { "type": "programs", "program": "{{Programs}}/exprog-pie64.head", "path": "/bin/exprog",
                          "interpreter": "{{Programs}}/ld-linux-x86-64.head", "executions": 200 }
                        """,
                    _ => $$"""{ "type": "{{workload}}" }""",
                };
                string experiment = Folder.Write($"{workload}.json",
                    $$"""{ "machine": { "memory": "128MiB", "cpus": 2 }, "kernel": { "compaction": { "enabled": true } }, "stop": { "events": 30000 }, "workload": [ {{phase}} ] }""");
                run = Folder[workload];
                CommandLine.Result result = await CommandLine.RunAsync("run", experiment, "--out", run, "--quiet");
                Assert.True(result.ExitCode == 0, result.Error);
                _runs.Add(workload, run);
            }
            return run;
        }
    }
}
