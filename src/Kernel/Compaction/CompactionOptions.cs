namespace Sim.Kernel.Compaction;

/// <summary>Memory compaction: the kernel's own settings, and simulated time that its work takes.</summary>
public sealed record CompactionOptions
{
    /// <summary>The kernel compacts at all (<c>CONFIG_COMPACTION</c>); null for what kernels of the profile do.</summary>
    public bool? Enabled { get; init; }

    /// <summary>How eager kcompactd is without being asked, 0 to 100; 0 for never (<c>vm.compaction_proactiveness</c>).</summary>
    public int Proactiveness { get; init; } = 20;

    /// <summary>
    /// Fragmentation index, in thousandths, up to which a failure of a costly order is put down to lack of memory, which
    /// compaction cannot help (<c>vm.extfrag_threshold</c>).
    /// </summary>
    public int ExtfragThreshold { get; init; } = 500;

    /// <summary>Each frame a scanner looks at.</summary>
    public int ScanNs { get; init; } = 4;

    /// <summary>Moving a page, beside copying it: taking it off its list, and unmapping and mapping it.</summary>
    public int MigrateNs { get; init; } = 600;

    /// <summary>How long kcompactd works before it lets others run, where there are no tasks.</summary>
    public int SliceNs { get; init; } = 100_000;

    /// <summary>Whether a kernel of the profile compacts: the textbooks' kernel is older than compaction.</summary>
    public bool IsOn(KernelProfile profile) => Enabled ?? profile != KernelProfile.I386Classic;
}
