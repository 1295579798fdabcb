using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// How a classic slab cache lays its objects out (mm/slab.c of 2.6: <c>kmem_cache_create</c>,
/// <c>calculate_slab_order</c>, <c>cache_estimate</c>).
/// <code>
/// on-slab:   | colour | slab descriptor, bufctl[objects] | object 0 | object 1 | … | left over |
/// off-slab:  | colour | object 0 | object 1 | … | left over |      descriptor and bufctl in a general cache
/// </code>
/// </summary>
/// <param name="Size">Bytes from one object to the next.</param>
/// <param name="Align">Alignment of the objects in bytes.</param>
/// <param name="GfpOrder">Order of the block that makes a slab.</param>
/// <param name="Objects">Objects per slab.</param>
/// <param name="ManagementBytes">Bytes of the descriptor and bufctl of one slab.</param>
/// <param name="OffSlab">They lie in a general cache.</param>
/// <param name="ColourBytes">Distance of two colours.</param>
/// <param name="Colours">Different places for the first object: as many as the left-over bytes allow, at least 1.</param>
public readonly record struct SlabGeometry(
    int Size, int Align, int GfpOrder, int Objects, int ManagementBytes, bool OffSlab, int ColourBytes, int Colours)
{
    /// <summary>Greatest order of a slab.</summary>
    public const int MaxOrder = 5;

    /// <summary>Greatest object: one slab of the greatest order.</summary>
    public const int MaxObjectBytes = (int)Page.Size << MaxOrder;

    /// <summary>Bytes of one bufctl entry.</summary>
    private const int BufctlBytes = 4;

    /// <summary>From this size on a slab's description lies outside of it: an eighth of a page.</summary>
    private const int OffSlabFrom = (int)Page.Size >> 3;

    /// <summary>Computes the layout.</summary>
    /// <param name="objectBytes">Size asked for; 1 to <see cref="MaxObjectBytes"/>.</param>
    /// <param name="align">Alignment asked for, a power of two; 0 for the word size.</param>
    /// <param name="flags">Properties; <see cref="SlabFlags.OffSlab"/> is decided here.</param>
    /// <param name="machine">Word, line and descriptor sizes.</param>
    /// <param name="mayBeOffSlab">General caches for descriptions exist already.</param>
    public static SlabGeometry Of(int objectBytes, int align, SlabFlags flags, SlabMachine machine, bool mayBeOffSlab = true)
    {
        int size = RoundUp(objectBytes, machine.WordBytes);
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
        size = RoundUp(size, alignment);

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
        RoundUp(machine.DescriptorBytes + (objects * BufctlBytes), align);

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}

/// <summary>The sizes that decide a slab's layout on a kind of machine.</summary>
/// <param name="WordBytes">Size of a pointer.</param>
/// <param name="CacheLineBytes">Size of a cache line.</param>
/// <param name="DescriptorBytes">Size of <c>struct slab</c>.</param>
/// <param name="CacheDescriptorBytes">Size of <c>struct kmem_cache</c>.</param>
/// <param name="BreakOrder">Order at which waste no longer matters: 1, on machines with at most 32 MiB 0.</param>
public readonly record struct SlabMachine(int WordBytes, int CacheLineBytes, int DescriptorBytes, int CacheDescriptorBytes, int BreakOrder)
{
    private const long SmallMachinePages = (32L << 20) >> Page.Shift;

    /// <summary>The sizes of a profile on a machine with that many usable pages.</summary>
    public static SlabMachine Of(KernelProfile profile, long pages) => profile == KernelProfile.X86_64
        ? new SlabMachine(8, 64, 48, 328, pages > SmallMachinePages ? 1 : 0)
        : new SlabMachine(4, 64, 28, 204, pages > SmallMachinePages ? 1 : 0);
}
