using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The layout of mm/slab.c of 2.6 (<c>kmem_cache_create</c>, <c>calculate_slab_order</c>, <c>cache_estimate</c>).
/// <code>
/// on-slab:   | colour | slab descriptor, bufctl[objects] | object 0 | object 1 | … | left over |
/// off-slab:  | colour | object 0 | object 1 | … | left over |      descriptor and bufctl in a general cache
/// </code>
/// </summary>
public static class BufctlLayout
{
    /// <summary>Greatest order of a slab.</summary>
    public const int MaxOrder = 5;

    /// <summary>Bytes of one bufctl entry.</summary>
    private const int BufctlBytes = 4;

    /// <summary>From this size on a slab's description lies outside of it: an eighth of a page.</summary>
    private const int OffSlabFrom = (int)Page.Size >> 3;

    /// <summary>Computes the layout.</summary>
    /// <param name="objectBytes">Size asked for; 1 to <see cref="SlabGeometry.MaxObjectBytes"/>.</param>
    /// <param name="align">Alignment asked for, a power of two; 0 for the word size.</param>
    /// <param name="flags">Properties; <see cref="SlabFlags.OffSlab"/> is decided here.</param>
    /// <param name="machine">Word, line and descriptor sizes.</param>
    /// <param name="mayBeOffSlab">General caches for descriptions exist already.</param>
    public static SlabGeometry Of(int objectBytes, int align, SlabFlags flags, SlabMachine machine, bool mayBeOffSlab = true)
    {
        int size = SlabGeometry.RoundUp(objectBytes, machine.WordBytes);
        int alignment = machine.WordBytes;
        if ((flags & SlabFlags.HwCacheAlign) != 0)
        {
            alignment = machine.CacheLineBytes;
            while (size <= alignment / 2)
            {
                alignment /= 2;
            }
        }
        alignment = Math.Max(Math.Max(alignment, align), machine.WordBytes);
        bool offSlab = mayBeOffSlab && size >= OffSlabFrom;
        size = SlabGeometry.RoundUp(size, alignment);

        int order = 0, objects = 0, leftOver = 0;
        for (int o = 0; o <= MaxOrder; o++)
        {
            (int fit, int rest) = Fit((int)Page.Size << o, size, alignment, offSlab, machine);
            if (fit == 0)
            {
                continue;
            }
            // A description outside must fit into an object as large as the ones it describes.
            if (offSlab && fit > (size - machine.DescriptorBytes) / BufctlBytes)
            {
                break;
            }
            (order, objects, leftOver) = (o, fit, rest);
            bool littleWaste = leftOver * 8 <= (int)Page.Size << o;
            if ((flags & SlabFlags.ReclaimAccount) != 0 || o >= machine.BreakOrder || littleWaste)
            {
                break;
            }
        }
        int management = Management(objects, alignment, machine);
        if (offSlab && leftOver >= management)
        {
            offSlab = false;
            leftOver -= management;
        }
        if (offSlab)
        {
            management = machine.DescriptorBytes + (objects * BufctlBytes);
        }
        int colourBytes = Math.Max(machine.CacheLineBytes, alignment);
        return new SlabGeometry(size, alignment, order, objects, management, offSlab, colourBytes, Math.Max(leftOver / colourBytes, 1));
    }

    private static (int Objects, int LeftOver) Fit(int bytes, int size, int align, bool offSlab, SlabMachine machine)
    {
        if (offSlab)
        {
            return (bytes / size, bytes % size);
        }
        int objects = Math.Max(bytes - machine.DescriptorBytes, 0) / (size + BufctlBytes);
        while (objects > 0 && Management(objects, align, machine) + (objects * size) > bytes)
        {
            objects--;
        }
        return (objects, bytes - (objects * size) - Management(objects, align, machine));
    }

    private static int Management(int objects, int align, SlabMachine machine) =>
        SlabGeometry.RoundUp(machine.DescriptorBytes + (objects * BufctlBytes), align);
}
