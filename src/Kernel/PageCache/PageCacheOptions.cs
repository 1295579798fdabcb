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
}
