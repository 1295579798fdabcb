using System.Numerics;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// The layout of mm/slub.c of 6.1 (<c>calculate_sizes</c>, <c>calculate_order</c>): objects from the first byte on, the
/// pointer to the next free one in the middle of a free object, or behind it where its contents must last.
/// </summary>
/// <param name="MinObjects">Objects a slab should at least hold.</param>
/// <param name="MinOrder">Least order.</param>
/// <param name="MaxOrder">Greatest order of a slab of more than one object.</param>
public readonly record struct SlubLayout(int MinObjects, int MinOrder, int MaxOrder)
{
    /// <summary>Objects per slab are counted in 15 bits (<c>MAX_OBJS_PER_PAGE</c>).</summary>
    private const int MaxObjects = 32767;

    /// <summary>The rules of a machine: the more CPUs, the larger slabs.</summary>
    public static SlubLayout For(SlabAllocatorOptions options, int cpus) =>
        new(options.MinObjects > 0 ? options.MinObjects : MinObjectsFor(cpus), options.MinOrder, options.MaxOrder);

    /// <summary>Objects a slab should hold so that a CPU rarely needs another one: 4 × (bits of the number of CPUs + 1).</summary>
    public static int MinObjectsFor(int cpus) => 4 * (32 - BitOperations.LeadingZeroCount((uint)cpus) + 1);

    /// <summary>Computes the layout.</summary>
    /// <param name="objectBytes">Size asked for.</param>
    /// <param name="align">Alignment asked for, a power of two; 0 for none in particular.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="machine">Word and line sizes.</param>
    public SlabGeometry Of(int objectBytes, int align, SlabFlags flags, SlabMachine machine)
    {
        int alignment = SlabGeometry.AlignmentOf(objectBytes, align, flags, machine);
        int size = SlabGeometry.RoundUp(objectBytes, machine.WordBytes);
        if ((flags & (SlabFlags.Constructor | SlabFlags.TypesafeByRcu)) != 0)
        {
            size += machine.WordBytes;
        }
        size = SlabGeometry.RoundUp(size, alignment);
        int order = OrderFor(size);
        return new SlabGeometry(size, alignment, order, (int)(Page.Size << order) / size, 0, false, 0, 1)
        {
            MinOrder = Math.Min(order, SlabGeometry.OrderOf(size)),
        };
    }

    /// <summary>
    /// The least order that holds enough objects and wastes at most a 16th of the block, then an 8th, then a quarter; then the
    /// same with fewer objects.
    /// </summary>
    private int OrderFor(int size)
    {
        int objects = Math.Min(MinObjects, (int)(Page.Size << MaxOrder) / size);
        for (; objects > 1; objects--)
        {
            for (int fraction = 16; fraction >= 4; fraction /= 2)
            {
                int order = Fit(size, objects, MaxOrder, fraction);
                if (order <= MaxOrder)
                {
                    return order;
                }
            }
        }
        int single = Fit(size, 1, MaxOrder, 1);
        return single <= MaxOrder ? single : Fit(size, 1, PageOrder.Max, 1);
    }

    private int Fit(int size, int objects, int maxOrder, int fraction)
    {
        if ((Page.Size << MinOrder) / size > MaxObjects)
        {
            return SlabGeometry.OrderOf((long)size * MaxObjects) - 1;
        }
        int order = Math.Max(MinOrder, SlabGeometry.OrderOf((long)objects * size));
        while (order <= maxOrder && (Page.Size << order) % size > (Page.Size << order) / fraction)
        {
            order++;
        }
        return order;
    }
}
