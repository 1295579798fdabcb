using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The layout of mm/slab.c of 6.1 (<c>__kmem_cache_create</c>, <c>calculate_slab_order</c>, <c>cache_estimate</c>). What
/// describes a slab is one byte per object, the stack of free indices:
/// <code>
/// in an object: | colour | object 0 | … | object n-1, the last one handed out, holds the indices | left over |
/// off-slab:     | colour | object 0 | … | object n-1 | left over |    the indices in a general cache
/// on-slab:      | colour | object 0 | … | object n-1 | left over | indices |
/// </code>
/// </summary>
public static class ArraySlabLayout
{
    /// <summary>An index is a byte (<c>freelist_idx_t</c>), so a slab has at most this many objects.</summary>
    private const int MaxObjects = 255;

    /// <summary>With smaller objects a page would hold more than a byte can count (<c>SLAB_OBJ_MIN_SIZE</c>).</summary>
    private const int MinObjectBytes = 16;

    /// <summary>Computes the layout.</summary>
    /// <param name="objectBytes">Size asked for.</param>
    /// <param name="align">Alignment asked for, a power of two; 0 for none in particular.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="machine">Word and line sizes.</param>
    /// <param name="generalBytes">Bytes an object of the general cache for so many bytes takes; 0 when there is none that could hold a slab's indices.</param>
    public static SlabGeometry Of(
        int objectBytes, int align, SlabFlags flags, SlabMachine machine, Func<int, int> generalBytes)
    {
        int alignment = Math.Max(SlabGeometry.AlignmentOf(objectBytes, align, flags, machine), machine.WordBytes);
        int colourBytes = Math.Max(machine.CacheLineBytes, alignment);
        int size = SlabGeometry.RoundUp(SlabGeometry.RoundUp(objectBytes, machine.WordBytes), alignment);
        if (size < MinObjectBytes)
        {
            size = SlabGeometry.RoundUp(MinObjectBytes, alignment);
        }
        var search = new Search(size, flags, machine.BreakOrder);

        if ((flags & (SlabFlags.Constructor | SlabFlags.TypesafeByRcu)) == 0)
        {
            (int order, int objects, int left) = search.Run(indexBytes: 0, _ => true);
            if (objects > 0 && objects <= objectBytes)
            {
                return Result(order, objects, left, management: 0, offSlab: false, objFreelist: true);
            }
        }
        if ((flags & SlabFlags.NoLeakTrace) == 0)
        {
            // Worth it only where the indices' object takes at most half of what it describes.
            (int order, int objects, int left) = search.Run(
                indexBytes: 0, n => generalBytes(n) is var bytes && bytes > 0 && bytes <= objectBytes / 2);
            if (objects > 0 && left < objects)
            {
                return Result(order, objects, left, objects, offSlab: true, objFreelist: false);
            }
        }
        (int onOrder, int onObjects, int onLeft) = search.Run(indexBytes: 1, _ => true);
        return Result(onOrder, onObjects, onLeft, onObjects, offSlab: false, objFreelist: false);

        SlabGeometry Result(int order, int objects, int left, int management, bool offSlab, bool objFreelist) =>
            new(size, alignment, order, objects, management, offSlab, colourBytes, Math.Max(left / colourBytes, 1)) { ObjFreelist = objFreelist };
    }

    private readonly record struct Search(int Size, SlabFlags Flags, int BreakOrder)
    {
        public (int Order, int Objects, int LeftOver) Run(int indexBytes, Func<int, bool> acceptable)
        {
            (int Order, int Objects, int LeftOver) found = default;
            for (int order = 0; order <= PageOrder.Max; order++)
            {
                int bytes = (int)Page.Size << order;
                int objects = bytes / (Size + indexBytes), left = bytes % (Size + indexBytes);
                if (objects == 0)
                {
                    continue;
                }
                if (objects > MaxObjects)
                {
                    break;
                }
                if (!acceptable(objects))
                {
                    continue;
                }
                found = (order, objects, left);
                bool littleWaste = left * 8 <= bytes;
                if ((Flags & SlabFlags.ReclaimAccount) != 0 || order >= BreakOrder || littleWaste)
                {
                    break;
                }
            }
            return found;
        }
    }
}
