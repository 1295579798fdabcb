using Sim.Compare;

// Prints one line per figure, each beside its limit measured in the same run; exit 1 when one misses its target.
// "travel" takes minutes, and is measured only when it is named; --run DIR gives it a run to travel in.
int given = Array.IndexOf(args, "--run");
string? run = given >= 0 && given + 1 < args.Length ? args[given + 1] : null;
string[] named = [.. args.Where((_, i) => given < 0 || (i != given && i != given + 1))];
var sections = new Dictionary<string, Func<IEnumerable<Figure>>>(StringComparer.Ordinal)
{
    ["scheduler"] = SchedulerSection.Run,
    ["pages"] = PagesSection.Run,
    ["fragmentation"] = FragmentationSection.Run,
    ["replay"] = ReplaySection.Run,
    ["fold"] = FoldSection.Run,
    ["parquet"] = ParquetSection.Run,
    ["memory"] = MemorySection.Run,
    ["travel"] = () => TravelSection.Run(run),
    ["snapshots"] = SnapshotSection.Run,
    ["areas"] = AreasSection.Run,
    ["faults"] = FaultSection.Run,
    ["replacement"] = ReplacementSection.Run,
};
string[] wanted = named.Length == 0 ? [.. sections.Keys.Where(k => k != "travel")] : named;
bool holds = true;
foreach (string name in wanted)
{
    if (!sections.TryGetValue(name, out Func<IEnumerable<Figure>>? section))
    {
        Console.Error.WriteLine($"No section {name}; there are {string.Join(", ", sections.Keys)}.");
        return 2;
    }
    foreach (Figure figure in section())
    {
        Console.WriteLine(figure.Text);
        holds &= figure.Holds;
    }
}
return holds ? 0 : 1;
