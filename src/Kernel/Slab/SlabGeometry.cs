using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>How a cache lays its objects out; computed by <see cref="SlubLayout"/>, <see cref="ArraySlabLayout"/> or <see cref="BufctlLayout"/>.</summary>
/// <param name="Size">Bytes from one object to the next.</param>
/// <param name="Align">Alignment of the objects in bytes.</param>
/// <param name="GfpOrder">Order of the block that makes a slab.</param>
/// <param name="Objects">Objects per slab.</param>
/// <param name="ManagementBytes">Bytes that describe one slab, in it or in a general cache; 0 where its free objects say it all.</param>
/// <param name="OffSlab">They lie in a general cache.</param>
/// <param name="ColourBytes">Distance of two colours.</param>
/// <param name="Colours">Different places for the first object: as many as the left-over bytes allow, at least 1.</param>
public readonly record struct SlabGeometry(
    int Size, int Align, int GfpOrder, int Objects, int ManagementBytes, bool OffSlab, int ColourBytes, int Colours)
{
    /// <summary>Greatest object of a cache.</summary>
    public const int MaxObjectBytes = (int)Page.Size << 5;

    /// <summary>Order of the block that makes do when none of <see cref="GfpOrder"/> is to be had.</summary>
    public int MinOrder { get; init; } = GfpOrder;

    /// <summary>The list of free objects lies in the last free object.</summary>
    public bool ObjFreelist { get; init; }

    /// <summary>Alignment of a cache's objects (mm/slab_common.c, <c>calculate_alignment</c>).</summary>
    /// <param name="objectBytes">Size asked for.</param>
    /// <param name="align">Alignment asked for, a power of two; 0 for none in particular.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="machine">Word and line sizes.</param>
    public static int AlignmentOf(int objectBytes, int align, SlabFlags flags, SlabMachine machine)
    {
        if ((flags & SlabFlags.HwCacheAlign) != 0)
        {
            int line = machine.CacheLineBytes;
            while (objectBytes <= line / 2)
            {
                line /= 2;
            }
            align = Math.Max(align, line);
        }
        return RoundUp(Math.Max(align, machine.MinAlign), machine.WordBytes);
    }

    /// <summary>The least order whose block holds the bytes (<c>get_order</c>).</summary>
    internal static int OrderOf(long bytes)
    {
        int order = 0;
        while (Page.Size << order < bytes)
        {
            order++;
        }
        return order;
    }

    internal static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
