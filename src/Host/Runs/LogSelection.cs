using Sim.Engine.Events;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>Which categories of events a run logs.</summary>
public static class LogSelection
{
    /// <summary>Categories nothing else depends on.</summary>
    private static readonly string[] MayBeLeftOut = ["dram", "tlb"];

    /// <summary>All categories of a catalogue, sorted.</summary>
    public static string[] Categories(EventCatalogue catalogue) =>
        [.. catalogue.Descriptors.Select(d => d.Category).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The categories that an experiment leaves out.</summary>
    /// <exception cref="ExperimentException">One is unknown, or the state could not be rebuilt without it.</exception>
    public static IReadOnlyCollection<string> LeftOut(LogSettings log, EventCatalogue catalogue)
    {
        string[] known = Categories(catalogue);
        bool minus = log.Categories.Any(c => c.StartsWith('-'));
        string[] named = [.. log.Categories.Select(c => c.TrimStart('-'))];
        foreach (string name in named)
        {
            if (!known.Contains(name))
            {
                throw new ExperimentException($"log.categories: there is no category \"{name}\".{Suggestion.For(name, known)} Known: {string.Join(", ", known)}.");
            }
        }
        string[] leftOut = minus ? named : named.Length == 0 ? [] : [.. known.Except(named)];
        string[] needed = [.. leftOut.Except(MayBeLeftOut)];
        return needed.Length == 0 ? leftOut : throw new ExperimentException(
            $"log.categories: {string.Join(", ", needed)} cannot be left out, because the state is rebuilt from them. Only {string.Join(" and ", MayBeLeftOut)} may be left out.");
    }
}
