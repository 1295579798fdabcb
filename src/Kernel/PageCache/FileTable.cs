using Sim.Engine.Events;

namespace Sim.Kernel.PageCache;

/// <summary>The files that were read, written or mapped, in a kernel that reclaims. Sourced state.</summary>
public sealed class FileTable
{
    /// <summary>Above this, missing pages of mappings are no longer read ahead (<c>MMAP_LOTSAMISS</c>).</summary>
    public const int LotsOfMisses = 100;

    private readonly SortedList<int, FileState> _files = [];

    /// <summary>Dirty pages of all files (<c>nr_dirty</c>).</summary>
    public long Dirty { get; internal set; }

    /// <summary>Files with dirty pages that were clean until a moment, those that became dirty first in front (<c>queue_io</c>).</summary>
    internal void DirtySince(long timePs, List<int> files)
    {
        files.Clear();
        foreach ((int file, FileState state) in _files)
        {
            if (state.Dirty.Count > 0 && state.Dirty.SincePs <= timePs)
            {
                files.Add(file);
            }
        }
        files.Sort((a, b) => _files[a].Dirty.SincePs.CompareTo(_files[b].Dirty.SincePs) is var order && order != 0 ? order : a.CompareTo(b));
    }

    /// <summary>What is known of a file; null when it was never used.</summary>
    public FileState? Find(int file) => _files.GetValueOrDefault(file);

    /// <summary>The same, made when it is not there.</summary>
    internal FileState this[int file]
    {
        get
        {
            if (!_files.TryGetValue(file, out FileState? state))
            {
                _files.Add(file, state = new FileState());
            }
            return state;
        }
    }

    /// <summary>Mapped pages were found in memory.</summary>
    internal void Hit(int file, int pages)
    {
        if (Find(file) is { } state)
        {
            state.Misses = Math.Max(0, state.Misses - pages);
        }
    }

    /// <summary>A mapping shows a file to have pages up to here.</summary>
    internal void NoteMapped(int file, long end)
    {
        FileState state = this[file];
        state.MappedPages = Math.Max(state.MappedPages, end);
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach ((int file, FileState state) in _files)
        {
            hash.Add(file);
            state.HashInto(ref hash);
        }
    }
}
