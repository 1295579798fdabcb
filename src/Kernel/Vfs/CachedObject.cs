using System.Runtime.InteropServices;

namespace Sim.Kernel.Vfs;

/// <summary>A name or an inode in memory, and its place on the list of unused ones.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct CachedObject
{
    /// <summary>Physical address of the slab object; 0 for none, which is never a slab's.</summary>
    public long Address;

    /// <summary>Neighbours on the list; -1 for none.</summary>
    public int Next, Prev;

    /// <summary>How often it is in use (<c>d_lockref</c>, <c>i_count</c>).</summary>
    public int Users;

    /// <summary>It is on the list, in use or not (<c>DCACHE_LRU_LIST</c>).</summary>
    public bool IsListed;

    /// <summary>It was used while it was on the list (<c>DCACHE_REFERENCED</c>, <c>I_REFERENCED</c>).</summary>
    public bool IsReferenced;
}
