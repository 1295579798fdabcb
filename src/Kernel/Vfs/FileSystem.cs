using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vfs;

/// <summary>
/// Names and inodes of one file system: found or made when looked up, kept when nobody uses them, and given back under memory pressure
/// (fs/dcache.c, fs/inode.c, <c>super_cache_count</c> and <c>super_cache_scan</c> of fs/super.c, Linux 6.1).
/// </summary>
internal sealed class FileSystem(
    FileNames names, int number, VfsState state, SlabAllocator slab, int dentryCache, int inodeCache, Journal journal) : IShrinkable
{
    private SuperBlock Super => state.Of(number);

    /// <summary>Looks a file up; null when there was no memory.</summary>
    public LookupResult? Open(int file, CpuClock cpu, long cause)
    {
        if (Super.Dentries[file].Address is not 0 and var known)
        {
            Emit(VfsChange.DentryGet, file, known, cause);
            return LookupResult.Hit;
        }
        // The name comes first (d_alloc_parallel): making an inode may shrink these very caches, and nothing must go that is wanted.
        long dentry = slab.Alloc(dentryCache, GfpFlags.Kernel, cpu, cause);
        if (dentry < 0)
        {
            return null;
        }
        bool inMemory = Super.Inodes[file].Address != 0;
        if (!inMemory)
        {
            long inode = slab.Alloc(inodeCache, GfpFlags.Kernel, cpu, cause);
            if (inode < 0)
            {
                slab.Free(dentry, cpu, cause);
                return null;
            }
            Emit(VfsChange.InodeNew, file, inode, cause);
        }
        Emit(VfsChange.DentryNew, file, dentry, cause);
        return inMemory ? LookupResult.InodeHit : LookupResult.Miss;
    }

    /// <summary>A name is used once less.</summary>
    public void Close(int file, CpuClock cpu, long cause) => Emit(VfsChange.DentryPut, file, Super.Dentries[file].Address, cause);

    /// <inheritdoc/>
    public long Count() => MulFraction(Super.Dentries.Listed + Super.Inodes.Listed, names.PressurePercent, 100);

    /// <inheritdoc/>
    public long Scan(long objects, GfpFlags gfp, CpuClock cpu, long cause)
    {
        if ((gfp & GfpFlags.Fs) == 0)
        {
            // Whoever asks may be in the middle of the file system's work.
            return -1;
        }
        long dentries = Super.Dentries.Listed, inodes = Super.Inodes.Listed, all = dentries + inodes + 1;
        // Names first: they hold their inodes.
        long freed = Prune(inodes: false, MulFraction(objects, dentries, all) + 1, cpu, cause);
        return freed + Prune(inodes: true, MulFraction(objects, inodes, all) + 1, cpu, cause);
    }

    private static long MulFraction(long value, long numerator, long denominator) => (long)((Int128)value * numerator / denominator);

    /// <summary>Looks at so many objects of a list; those that go are given back (<c>prune_dcache_sb</c>, <c>prune_icache_sb</c>).</summary>
    private long Prune(bool inodes, long objects, CpuClock cpu, long cause)
    {
        UnusedList list = Super.List(inodes);
        cpu.Charge(Math.Min(objects, list.Listed) * names.ScanPs);
        if (list.Listed == 0)
        {
            return 0;
        }
        var walk = new VfsWalk(number, inodes, objects);
        EventHeader header = journal.Emit(in walk, cause);
        state.Apply(in walk, in header);
        long freed = 0;
        for (; list.Isolated.Count > 0; freed++)
        {
            // Names go in the order of the list, inodes in the opposite one (shrink_dentry_list, dispose_list).
            int file = list.Isolated[inodes ? ^1 : 0];
            long address = list[file].Address;
            long gone = Emit(inodes ? VfsChange.InodeGone : VfsChange.DentryGone, file, address, header.Sequence);
            slab.Free(address, cpu, gone);
        }
        return freed;
    }

    private long Emit(VfsChange change, int file, long address, long cause)
    {
        var e = new VfsEntry(number, file, change, address);
        EventHeader header = journal.Emit(in e, cause);
        state.Apply(in e, in header);
        return header.Sequence;
    }
}
