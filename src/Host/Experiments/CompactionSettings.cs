namespace Sim.Host.Experiments;

/// <summary>Memory compaction.</summary>
public sealed record CompactionSettings
{
    [Setting("The kernel moves pages to make room for blocks; null for what kernels of the profile do: x86_64 yes, i386-classic no.")]
    public bool? Enabled { get; init; }

    [Setting("How eager kcompactd is without being asked; 0 for never (vm.compaction_proactiveness).", Min = 0, Max = 100)]
    public int Proactiveness { get; init; } = 20;

    [Setting("Fragmentation index, in thousandths, up to which a costly order is not compacted for (vm.extfrag_threshold).", Min = 0, Max = 1000)]
    public int ExtfragThreshold { get; init; } = 500;

    [Setting("Each frame a scanner looks at, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ScanNs { get; init; } = 4;

    [Setting("Moving a page, beside copying it, in ns.", Min = 0, Max = 1_000_000_000)]
    public int MigrateNs { get; init; } = 600;

    [Setting("How long kcompactd works before it lets others run where there are no tasks, in ns.", Min = 1, Max = 1_000_000_000)]
    public int SliceNs { get; init; } = 100_000;
}
