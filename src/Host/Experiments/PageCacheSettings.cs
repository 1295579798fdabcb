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
}
