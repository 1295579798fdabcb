using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Tables;
using Sim.Engine.Time;
using Sim.Host.Runs;
using Sim.Kernel;

namespace Sim.Host.Exports;

/// <summary>Writes the tables of a run: one of each kind of event, and those sampled from the folded state.</summary>
internal sealed class ParquetExport(EventCatalogue catalogue)
{
    /// <summary>Most samples that are taken when nobody asks for a time between them.</summary>
    public const int DefaultSamples = 1000;

    /// <summary>Writes the tables and puts the directory in its place when all are there.</summary>
    /// <param name="log">The run's log.</param>
    /// <param name="timeline">Folds the log for the sampled tables; null to leave these out.</param>
    /// <param name="sampleEveryPs">Simulated time between samples, in picoseconds; 0 for a round one that gives at most <see cref="DefaultSamples"/>.</param>
    /// <param name="directory">Where; a directory that is there is replaced.</param>
    /// <param name="progress">Gets the number of events written.</param>
    /// <param name="cancellation">Gives the export up; nothing is left of it.</param>
    public TableManifest Write(
        LogReader log, Timeline? timeline, long sampleEveryPs, string directory, IProgress<long>? progress, CancellationToken cancellation)
    {
        using var staged = new StagedDirectory(directory);
        TableManifest manifest = ParquetProjection.Write(log, catalogue, staged.Path, null, progress, cancellation);
        if (timeline is not null && log.Events > 0)
        {
            manifest = manifest with { Tables = [.. manifest.Tables.Concat(Sample(timeline, manifest.Origin, sampleEveryPs, log.RunningMaxTimePs, staged.Path, cancellation)).OrderBy(t => t.Table, StringComparer.Ordinal)] };
        }
        manifest.Write(staged.Path);
        staged.Finish();
        return manifest;
    }

    private static IEnumerable<TableEntry> Sample(
        Timeline timeline, TableOrigin origin, long everyPs, long endPs, string directory, CancellationToken cancellation)
    {
        using var fragmentation = new FragmentationTable(directory, origin);
        using var slabs = new SlabUsageTable(directory, origin);
        long interval = everyPs > 0 ? everyPs : SampleMoment.RoundInterval(endPs, DefaultSamples);
        for (long timePs = 0; timePs < endPs; timePs += Math.Min(interval, endPs - timePs))
        {
            cancellation.ThrowIfCancellationRequested();
            timeline.GoTo(new SimTime(timePs));
            Add(timePs);
        }
        timeline.GoTo(timeline.Last);
        Add(endPs);
        return [.. new[] { fragmentation.Complete(), slabs.Complete() }.OfType<TableEntry>()];

        void Add(long timePs)
        {
            KernelMemoryState memory = timeline.State.State.Memory;
            var moment = new SampleMoment(timeline.Position, timePs);
            fragmentation.Add(in moment, memory.Pages);
            slabs.Add(in moment, memory.Slab, timeline.Symbols);
        }
    }
}
