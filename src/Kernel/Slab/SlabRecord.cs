using System.Runtime.InteropServices;

namespace Sim.Kernel.Slab;

/// <summary>One slab (<c>struct slab</c>), or the head of a list of slabs: 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 56)]
internal struct SlabRecord
{
    /// <summary>Next on the list: a slab or the list's head; for a slab on a CPU's partial list <see cref="SlabState.End"/> after the last.</summary>
    public int Next;

    /// <summary>Previous on the list.</summary>
    public int Prev;

    /// <summary>Number of the cache; -1 for a list head or an unused record.</summary>
    public int Cache;

    /// <summary>First frame.</summary>
    public int Pfn;

    /// <summary>Objects there are.</summary>
    public int Objects;

    /// <summary>Objects that are not on the slab's own list of free ones: handed out, at a CPU's hand, or in an array.</summary>
    public int InUse;

    /// <summary>Objects handed out.</summary>
    public int Taken;

    /// <summary>Index of the first free object; <see cref="SlabState.End"/> when there is none.</summary>
    public int Free;

    /// <summary>Where the slab's bufctl begins in the pool.</summary>
    public int Bufctl;

    /// <summary>Bytes from the start of the slab to its first object.</summary>
    public int FirstObject;

    /// <summary>Slabs from this one to the end of the CPU's partial list.</summary>
    public int PartialSlabs;

    /// <summary>Where it is.</summary>
    public SlabPlace Place;

    /// <summary>Order of its block of frames.</summary>
    public byte Order;

    /// <summary>The CPU that holds it, where one does.</summary>
    public short Cpu;

    /// <summary>Physical address of the description in a general cache; 0 when it lies in the slab.</summary>
    public long Description;
}

/// <summary>Where a slab is.</summary>
internal enum SlabPlace : byte
{
    /// <summary>Nowhere: a list's head or an unused record, or a slab just made.</summary>
    None,

    /// <summary>On one of mm/slab.c's three lists.</summary>
    Lists,

    /// <summary>A CPU allocates from it.</summary>
    CpuSlab,

    /// <summary>On a CPU's partial list.</summary>
    CpuPartial,

    /// <summary>On the node's partial list.</summary>
    NodePartial,

    /// <summary>On no list: SLUB forgets a slab without a free object until one is given back.</summary>
    Full,

    /// <summary>Empty and off all lists, about to be taken apart.</summary>
    Discard,
}
