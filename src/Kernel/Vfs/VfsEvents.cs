using Sim.Engine.Events;

namespace Sim.Kernel.Vfs;

/// <summary>What becomes of a file's entry in the caches of a file system.</summary>
public enum VfsChange : byte
{
    /// <summary>The inode is in memory; nobody uses it yet (<c>iget_locked</c>).</summary>
    InodeNew,

    /// <summary>The name is in memory, in use, and uses its inode (<c>d_alloc</c>, <c>d_add</c>).</summary>
    DentryNew,

    /// <summary>The name is in use once more (<c>dget</c>).</summary>
    DentryGet,

    /// <summary>The name is in use once less; unused ones wait on the list, and one that is there already counts as referenced (<c>dput</c>).</summary>
    DentryPut,

    /// <summary>An unused name was taken off the list to go; its inode is in use once less (<c>__dentry_kill</c>, <c>iput</c>).</summary>
    DentryGone,

    /// <summary>An unused inode was taken off the list to go (<c>evict</c>).</summary>
    InodeGone,
}

/// <summary>A file's name or inode came, is used, or went.</summary>
/// <param name="SuperBlock">Number of the file system.</param>
/// <param name="Ino">Number of the file.</param>
/// <param name="Change">What happened.</param>
/// <param name="Object">Physical address of the slab object.</param>
[Event(194, "vfs.entry")]
public readonly partial record struct VfsEntry(
    int SuperBlock,
    [Delta(23)] long Ino,
    VfsChange Change,
    [Address, Delta(13)] long Object);

/// <summary>
/// The oldest objects of a list of unused ones were looked at: those in use leave it, referenced ones go to its end as unreferenced, the
/// others go (<c>list_lru_walk</c> with <c>dentry_lru_isolate</c> or <c>inode_lru_isolate</c>).
/// </summary>
/// <param name="SuperBlock">Number of the file system.</param>
/// <param name="Inodes">The list of inodes; otherwise that of names.</param>
/// <param name="ScanObjects">Objects at most.</param>
[Event(195, "vfs.walk")]
public readonly partial record struct VfsWalk(
    int SuperBlock,
    bool Inodes,
    [Unit("objects")] long ScanObjects);
