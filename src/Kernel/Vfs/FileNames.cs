using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Slab;

namespace Sim.Kernel.Vfs;

/// <summary>Which files a kernel knows by name: file systems, each with its caches of names and inodes.</summary>
public sealed class FileNames
{
    private readonly VfsState _state;
    private readonly SlabAllocator _slab;
    private readonly SlabShrinkers _shrinkers;
    private readonly Journal _journal;
    private readonly List<FileSystem> _systems = [];
    private readonly List<string> _names = [];
    private int _dentryCache = -1;

    /// <param name="state">The state it changes through events.</param>
    /// <param name="shrinkers">Where its caches can be shrunk.</param>
    /// <param name="slab">Where objects come from.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="options">How hard memory pressure bears on them.</param>
    internal FileNames(VfsState state, SlabShrinkers shrinkers, SlabAllocator slab, Journal journal, Reclaim.ReclaimOptions options)
    {
        _state = state;
        _shrinkers = shrinkers;
        _slab = slab;
        _journal = journal;
        PressurePercent = options.VfsCachePressure;
        ScanPs = options.ScanPageNs * 1000L;
    }

    /// <summary>Share of the unused objects that reclaim sees (<c>vm.vfs_cache_pressure</c>).</summary>
    internal int PressurePercent { get; }

    /// <summary>Time to look at an object: as long as at a page.</summary>
    internal long ScanPs { get; }

    /// <summary>
    /// Mounts a file system, unless it is: it gets a cache of inodes, shares that of names, and registers its shrinker
    /// (<c>alloc_super</c> of fs/super.c).
    /// </summary>
    /// <param name="name">Its name, from which those of cache and shrinker come.</param>
    /// <param name="dentryBytes">Size of a name.</param>
    /// <param name="inodeBytes">Size of an inode.</param>
    /// <param name="batchObjects">Objects that its shrinker looks at in one call; 0 for the usual number.</param>
    /// <param name="cpu">The CPU that works.</param>
    /// <returns>Its number.</returns>
    public int Mount(string name, int dentryBytes, int inodeBytes, int batchObjects, CpuClock cpu)
    {
        int number = _names.IndexOf(name);
        if (number >= 0)
        {
            return number;
        }
        const SlabFlags flags = SlabFlags.ReclaimAccount | SlabFlags.Account;
        if (_dentryCache < 0)
        {
            _dentryCache = _slab.CreateCache("dentry", dentryBytes, 0, flags | SlabFlags.UserCopy, cpu, cause: -1);
        }
        int inodes = _slab.CreateCache(name + "_inode_cache", inodeBytes, 0, flags | SlabFlags.Constructor, cpu, cause: -1);
        number = _names.Count;
        var system = new FileSystem(this, number, _state, _slab, _dentryCache, inodes, _journal);
        _names.Add(name);
        _systems.Add(system);
        _shrinkers.Register("sb-" + name, system, batchObjects, ScanShare.DefaultSeeks, cause: -1);
        return number;
    }

    /// <summary>Looks a file up and uses its name until <see cref="Close"/>.</summary>
    /// <param name="system">The file system.</param>
    /// <param name="file">The file's number.</param>
    /// <param name="cpu">The CPU that works.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <returns>What had to be made; null when there was no memory for it.</returns>
    public LookupResult? Open(int system, int file, CpuClock cpu, long cause) => _systems[system].Open(file, cpu, cause);

    /// <summary>The name is not used any more by who opened it.</summary>
    public void Close(int system, int file, CpuClock cpu, long cause) => _systems[system].Close(file, cpu, cause);
}
