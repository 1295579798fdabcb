using System.Globalization;
using System.Text;
using Sim.Engine.Time;

namespace Sim.Host.Runs;

/// <summary>What a person wants to know at the end of a run.</summary>
internal static class RunSummary
{
    /// <summary>The text, ending with the commands to try next.</summary>
    /// <param name="what">What ran, in a few words.</param>
    public static string Text(string what, string directory, RecordingResult result)
    {
        RunManifest manifest = result.Manifest;
        var text = new StringBuilder();
        Line(text, "ran", $"{manifest.Experiment}: {what}");
        Line(text, "ended", $"{result.Outcome.StopReason}, after {new SimTime(manifest.SimulatedPs)} of simulated time");
        Line(text, "seed", manifest.Seed.ToString(CultureInfo.InvariantCulture));
        Line(text, "events", manifest.Events.ToString("N0", CultureInfo.InvariantCulture));
        Line(text, "chain hash", manifest.ChainHash ?? "");
        Line(text, "state hash", manifest.StateHash ?? "");
        int width = result.Outcome.Counters.Select(c => c.Key.Length + 2).DefaultIfEmpty(0).Max();
        foreach ((string name, long count) in result.Outcome.Counters)
        {
            text.Append(name.PadRight(width)).Append(count.ToString("N0", CultureInfo.InvariantCulture)).Append('\n');
        }
        int orders = result.Outcome.Zones.Count == 0 ? 0 : result.Outcome.Zones.Max(z => z.FreeBlocks.Count);
        if (orders > 0)
        {
            text.Append("\nfree blocks of order").Append(string.Concat(Enumerable.Range(0, orders).Select(o => Cell(o.ToString(CultureInfo.InvariantCulture))))).Append('\n');
            foreach (ZoneOutcome zone in result.Outcome.Zones)
            {
                text.Append($"  {zone.Name,-18}").Append(string.Concat(zone.FreeBlocks.Select(n => Cell(n.ToString(CultureInfo.InvariantCulture))))).Append('\n');
                text.Append("    extfrag index   ").Append(string.Concat(zone.ExtfragIndex.Select(i => Cell(ProgressText.Extfrag(i))))).Append('\n');
            }
        }
        text.Append("\nrun directory: ").Append(directory).Append('\n');
        text.Append("try next:\n");
        text.Append(result.Finished ? "" : $"  {CommandLineText.Program} run --resume {directory}\n");
        text.Append($"  {CommandLineText.Program} show {directory} buddyinfo\n");
        text.Append($"  {CommandLineText.Program} verify {directory} --deep\n");
        text.Append($"  {CommandLineText.Program} export {directory} --to parquet\n");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, string value) => text.Append($"{name,-20}").Append(value).Append('\n');

    private static string Cell(string value) => $"{value,8}";
}
