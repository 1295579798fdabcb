namespace Sim.Host.Experiments;

/// <summary>What files are on.</summary>
public enum FileDevice
{
    None,
    Hdd,
    Ssd,
}

/// <summary>Files, and their pages in memory.</summary>
public sealed record PageCacheSettings
{
    [Setting("What files are on: a hard disk (hdd) or a solid-state disk (ssd), which machine.disks describes; with one, pages in use are reclaimed. none: nobody waits, and a page takes mmCosts.readPageNs; a machine that reclaims has files on an ssd then. A disk of the kind of the swap area's is the same disk.")]
    public FileDevice Device { get; init; }

    [Setting("Most pages of a file read ahead together (read_ahead_kb, 128); 0 for no readahead.", Min = 0, Max = 4096)]
    public int ReadaheadPages { get; init; } = 32;

    [Setting("Dirty pages from which on the flusher writes, in percent of the memory that may be dirty (vm.dirty_background_ratio).", Min = 0, Max = 100)]
    public int DirtyBackgroundRatio { get; init; } = 10;

    [Setting("Dirty pages at which tasks that make more are held back, in percent of the memory that may be dirty (vm.dirty_ratio).", Min = 1, Max = 100)]
    public int DirtyRatio { get; init; } = 20;

    [Setting("Age at which dirty pages are written, in hundredths of a second (vm.dirty_expire_centisecs).", Min = 1, Max = 10_000_000)]
    public int DirtyExpireCentisecs { get; init; } = 3_000;

    [Setting("How often the flusher looks for such pages, in hundredths of a second (vm.dirty_writeback_centisecs); 0 for never.", Min = 0, Max = 10_000_000)]
    public int DirtyWritebackCentisecs { get; init; } = 500;
}
