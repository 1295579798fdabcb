using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <summary>
/// A cache of equal objects (<c>struct kmem_cache</c>): its layout and its three lists of slabs. Part of the sourced
/// state; changed by <c>Apply</c> only.
/// </summary>
public sealed class SlabCache
{
    internal SlabCache(int number, in SlabCacheCreate e, int full, int partial, int empty)
    {
        Number = number;
        Name = e.Name;
        ObjectBytes = e.ObjectBytes;
        SizeBytes = e.SizeBytes;
        GfpOrder = e.GfpOrder;
        ObjectsPerSlab = e.Objects;
        ManagementBytes = e.ManagementBytes;
        ColourBytes = e.ColourBytes;
        Colours = e.Colours;
        HasConstructor = e.HasConstructor;
        Flags = (SlabFlags)e.Flags;
        Full = full;
        Partial = partial;
        Empty = empty;
    }

    /// <summary>Place in the cache chain, from 0.</summary>
    public int Number { get; }

    /// <summary>Symbol of the name.</summary>
    public int Name { get; }

    /// <summary>Size asked for when the cache was made.</summary>
    public int ObjectBytes { get; }

    /// <summary>Bytes from one object to the next.</summary>
    public int SizeBytes { get; }

    /// <summary>Order of a slab's block of frames.</summary>
    public int GfpOrder { get; }

    public int ObjectsPerSlab { get; }

    /// <summary>Bytes that describe one slab.</summary>
    public int ManagementBytes { get; }

    /// <summary>Distance of two colours.</summary>
    public int ColourBytes { get; }

    public int Colours { get; }

    public bool HasConstructor { get; }

    public SlabFlags Flags { get; }

    /// <summary>Colour of the next slab.</summary>
    public int NextColour { get; internal set; }

    /// <summary>Objects handed out.</summary>
    public long ActiveObjects { get; internal set; }

    /// <summary>Slabs with at least one object handed out.</summary>
    public int ActiveSlabs { get; internal set; }

    /// <summary>Slabs.</summary>
    public int Slabs { get; internal set; }

    /// <summary>Bytes asked for with the objects handed out; what the objects take beyond is internal fragmentation.</summary>
    public long RequestedBytes { get; internal set; }

    /// <summary>Objects constructed since boot: once each when a slab is made, not at each allocation.</summary>
    public long Constructions { get; internal set; }

    /// <summary>Slabs made since boot.</summary>
    public long Grown { get; internal set; }

    /// <summary>Slabs taken apart since boot.</summary>
    public long Reaped { get; internal set; }

    /// <summary>Objects there are.</summary>
    public long Objects => (long)Slabs * ObjectsPerSlab;

    /// <summary>Bytes of handed-out objects that nobody asked for.</summary>
    public long WastedBytes => (ActiveObjects * SizeBytes) - RequestedBytes;

    /// <summary>Head of the list of slabs without a free object.</summary>
    internal int Full { get; }

    /// <summary>Head of the list of slabs with free and handed-out objects.</summary>
    internal int Partial { get; }

    /// <summary>Head of the list of slabs without a handed-out object.</summary>
    internal int Empty { get; }

    /// <summary>First of the cache's unused stretches of the bufctl pool; -1 for none.</summary>
    internal int SpareBufctl { get; set; } = -1;

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Name);
        hash.Add(NextColour);
        hash.Add(ActiveObjects);
        hash.Add(ActiveSlabs);
        hash.Add(Slabs);
        hash.Add(RequestedBytes);
        hash.Add(Constructions);
        hash.Add(Grown);
        hash.Add(Reaped);
        hash.Add(SpareBufctl);
    }
}
