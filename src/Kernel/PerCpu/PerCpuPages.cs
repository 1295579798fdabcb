using Sim.Kernel.Zones;

namespace Sim.Kernel.PerCpu;

/// <summary>
/// One CPU's own free pages of one zone (<c>struct per_cpu_pages</c>): lists by order and migratetype that serve most
/// requests without the buddy lists. Part of the sourced state; changed by <c>Apply</c> only.
/// </summary>
public sealed class PerCpuPages
{
    /// <summary>Orders that have per-CPU lists of their own: 0 to 3 (<c>PAGE_ALLOC_COSTLY_ORDER</c>).</summary>
    public const int Orders = PageOrder.Costly + 1;

    /// <summary>Number of lists: orders 0–3 by three migratetypes, and two for huge pages, non-movable and movable.</summary>
    public const int Lists = (Orders * MigrateTypes.PcpTypes) + 2;

    /// <summary>Index of the first list of huge pages.</summary>
    public const int HugeLists = Orders * MigrateTypes.PcpTypes;

    internal PerCpuPages(int firstList)
    {
        FirstList = firstList;
    }

    /// <summary>Frames on all lists.</summary>
    public int Count { get; internal set; }

    /// <summary>Frames from which a free hands some back to the buddy lists.</summary>
    public int High { get; internal set; }

    /// <summary>Frames moved at a time.</summary>
    public int Batch { get; internal set; } = 1;

    /// <summary>Doublings of <see cref="Batch"/> while pages keep being freed without being asked for.</summary>
    public int FreeFactor { get; internal set; }

    /// <summary>Number, in the frame table, of the head of list 0.</summary>
    internal int FirstList { get; }

    /// <summary>Number, in the frame table, of the head of list 0; the others follow.</summary>
    public int FirstListHead => FirstList;

    /// <summary>Number, in the frame table, of the head of the list that blocks of an order and type are taken from.</summary>
    public int ListHead(int order, MigrateType type) => FirstList + ListOf(order, type);

    /// <summary>The list of a block, or -1 when blocks of its order have none (<c>order_to_pindex</c>).</summary>
    internal static int ListOf(int order, MigrateType type) =>
        order < Orders ? (order * MigrateTypes.PcpTypes) + (int)type : HugeLists + (type == MigrateType.Movable ? 1 : 0);

    /// <summary>The order of the blocks on a list.</summary>
    internal static int OrderOf(int list, int hugeOrder) => list < HugeLists ? list / MigrateTypes.PcpTypes : hugeOrder;
}
