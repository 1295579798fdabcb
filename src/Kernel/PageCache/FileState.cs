using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>What the kernel remembers of a file beside its pages. Sourced state.</summary>
public sealed class FileState
{
    /// <summary>The readahead window (<c>file_ra_state</c>); the kernel has one for each open file, here all share it.</summary>
    public ReadaheadWindow Window { get; internal set; }

    /// <summary>How much oftener mapped pages were missing than found lately (<c>mmap_miss</c>).</summary>
    public int Misses { get; internal set; }

    /// <summary>The page that a call has read last; -1 for none.</summary>
    public long LastRead { get; internal set; } = -1;

    /// <summary>It was read up to its end.</summary>
    public bool LastReadToEnd { get; internal set; }

    /// <summary>The page in which the last read ended (<c>prev_pos</c>).</summary>
    public long PreviousEnd => LastRead + (LastReadToEnd ? 1 : 0);

    /// <summary>Pages that are newer than what the device has.</summary>
    public DirtyPages Dirty { get; } = new();

    /// <summary>Pages that mappings have shown the file to have at least, as long as nobody tells its length.</summary>
    public long MappedPages { get; internal set; }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Window.Start);
        hash.Add(Window.Pages);
        hash.Add(Window.AsyncPages);
        hash.Add(Misses);
        hash.Add(LastRead);
        hash.Add(LastReadToEnd ? 1 : 0);
        hash.Add(MappedPages);
        Dirty.HashInto(ref hash);
    }
}

/// <summary>The pages read ahead last.</summary>
/// <param name="Start">The first.</param>
/// <param name="Pages">How many.</param>
/// <param name="AsyncPages">How many are left when the next window is read: the page that many before the end is marked.</param>
public readonly record struct ReadaheadWindow(long Start, int Pages, int AsyncPages);
