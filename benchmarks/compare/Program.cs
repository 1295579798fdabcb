using Sim.Compare;

// Prints one line per figure, each beside its limit measured in the same run; exit 1 when one misses its target.
var sections = new Dictionary<string, Func<IEnumerable<Figure>>>(StringComparer.Ordinal)
{
    ["scheduler"] = SchedulerSection.Run,
    ["pages"] = PagesSection.Run,
    ["fragmentation"] = FragmentationSection.Run,
    ["replay"] = ReplaySection.Run,
    ["fold"] = FoldSection.Run,
    ["parquet"] = ParquetSection.Run,
    ["memory"] = MemorySection.Run,
};
string[] wanted = args.Length == 0 ? [.. sections.Keys] : args;
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
