using System.Runtime.InteropServices;

namespace Sim.Kernel.Slab;

/// <summary>One slab (<c>struct slab</c>), or the head of a list of slabs: 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct SlabRecord
{
    /// <summary>Next on the list: a slab or the list's head.</summary>
    public int Next;

    /// <summary>Previous on the list.</summary>
    public int Prev;

    /// <summary>Number of the cache; -1 for a list head or an unused record.</summary>
    public int Cache;

    /// <summary>First frame.</summary>
    public int Pfn;

    /// <summary>Objects handed out.</summary>
    public int InUse;

    /// <summary>Index of the first free object; <see cref="SlabState.End"/> when there is none.</summary>
    public int Free;

    /// <summary>Where the slab's bufctl begins in the pool.</summary>
    public int Bufctl;

    /// <summary>Bytes from the start of the slab to its first object.</summary>
    public int FirstObject;

    /// <summary>Physical address of the description in a general cache; 0 when it lies in the slab.</summary>
    public long Description;
}
