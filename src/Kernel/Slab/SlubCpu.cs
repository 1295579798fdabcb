using System.Runtime.InteropServices;

namespace Sim.Kernel.Slab;

/// <summary>What a CPU holds of a cache (mm/slub.c, <c>struct kmem_cache_cpu</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SlubCpu
{
    /// <summary>The slab it allocates from; <see cref="SlabState.End"/> for none.</summary>
    public int Slab;

    /// <summary>First free object of that slab that is the CPU's own; <see cref="SlabState.End"/> for none.</summary>
    public int Freelist;

    /// <summary>First of its partial slabs; <see cref="SlabState.End"/> for none.</summary>
    public int Partial;
}
