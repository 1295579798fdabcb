using Sim.Engine.Events;

namespace Sim.Kernel.Vfs;

/// <summary>Names and inodes that the kernel keeps in memory, by file system. Sourced: changed by <c>Apply</c> only.</summary>
public sealed class VfsState : IApply<VfsEntry>, IApply<VfsWalk>
{
    private readonly List<SuperBlock> _superBlocks = [];

    /// <summary>File systems, by number; those that nothing was ever looked up in may be missing.</summary>
    internal IReadOnlyList<SuperBlock> SuperBlocks => _superBlocks;

    /// <summary>Names in memory (<c>nr_dentry</c>).</summary>
    public long Dentries => Sum(s => s.Dentries.Cached);

    /// <summary>Names on the lists of unused ones (<c>nr_dentry_unused</c>).</summary>
    public long UnusedDentries => Sum(s => s.Dentries.Listed);

    /// <summary>Inodes in memory (<c>nr_inodes</c>).</summary>
    public long Inodes => Sum(s => s.Inodes.Cached);

    /// <summary>Inodes on the lists of unused ones (<c>nr_unused</c>).</summary>
    public long UnusedInodes => Sum(s => s.Inodes.Listed);

    public void Apply(in VfsEntry e, in EventHeader header)
    {
        SuperBlock super = Of(e.SuperBlock);
        int file = (int)e.Ino;
        switch (e.Change)
        {
            case VfsChange.InodeNew:
                super.Inodes.Add(file, e.Object, users: 0);
                break;
            case VfsChange.DentryNew:
                super.Dentries.Add(file, e.Object, users: 1);
                super.Inodes.Get(file);
                break;
            case VfsChange.DentryGet:
                super.Dentries.Get(file);
                break;
            case VfsChange.DentryPut:
                super.Dentries.Put(file);
                break;
            case VfsChange.DentryGone:
                super.Dentries.Remove(file);
                super.Inodes.Put(file);
                break;
            case VfsChange.InodeGone:
                super.Inodes.Remove(file);
                break;
        }
    }

    public void Apply(in VfsWalk e, in EventHeader header) => Of(e.SuperBlock).List(e.Inodes).Walk(e.ScanObjects);

    internal SuperBlock Of(int number)
    {
        while (_superBlocks.Count <= number)
        {
            _superBlocks.Add(new SuperBlock());
        }
        return _superBlocks[number];
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (SuperBlock super in _superBlocks)
        {
            // As long as nothing was looked up there is nothing to hash.
            if (super.Inodes.Capacity > 0)
            {
                super.Dentries.HashInto(ref hash);
                super.Inodes.HashInto(ref hash);
            }
        }
    }

    private long Sum(Func<SuperBlock, long> of)
    {
        long sum = 0;
        foreach (SuperBlock super in _superBlocks)
        {
            sum += of(super);
        }
        return sum;
    }
}
