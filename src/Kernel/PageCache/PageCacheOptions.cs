namespace Sim.Kernel.PageCache;

/// <summary>What files are on.</summary>
public enum FileDevice : byte
{
    /// <summary>Nothing that is modelled: a page takes a fixed time to read, and nobody waits for a device.</summary>
    None,

    /// <summary>A hard disk.</summary>
    Hdd,

    /// <summary>A solid-state disk.</summary>
    Ssd,
}

/// <summary>Files, and the pages of them in memory.</summary>
public sealed record PageCacheOptions
{
    /// <summary>What files are on; see <see cref="KernelOptions.FileDevice"/>.</summary>
    public FileDevice Device { get; init; }

    /// <summary>Most pages that are read ahead together (<c>read_ahead_kb</c>: 128); 0 for no readahead.</summary>
    public int ReadaheadPages { get; init; } = 32;

    /// <summary>Dirty pages from which on the flusher writes, in percent of the memory that may be dirty (<c>vm.dirty_background_ratio</c>).</summary>
    public int DirtyBackgroundRatio { get; init; } = 10;

    /// <summary>Dirty pages that whoever makes more is held back from (<c>vm.dirty_ratio</c>).</summary>
    public int DirtyRatio { get; init; } = 20;

    /// <summary>Age at which dirty pages are written, in hundredths of a second (<c>vm.dirty_expire_centisecs</c>).</summary>
    public int DirtyExpireCentisecs { get; init; } = 3_000;

    /// <summary>How often the flusher looks for such pages (<c>vm.dirty_writeback_centisecs</c>); 0 for never.</summary>
    public int DirtyWritebackCentisecs { get; init; } = 500;
}
