namespace Sim.Kernel.Zones;

/// <summary>Mobility of a block's pages; free blocks are kept apart by it (<c>enum migratetype</c>).</summary>
public enum MigrateType : byte
{
    /// <summary>Kernel pages that stay where they are.</summary>
    Unmovable,

    /// <summary>Pages that can be copied elsewhere: those of processes.</summary>
    Movable,

    /// <summary>Pages whose content can be dropped or written back.</summary>
    Reclaimable,

    /// <summary>Kept for urgent requests of higher orders.</summary>
    HighAtomic,

    /// <summary>Taken out of use.</summary>
    Isolate,
}

/// <summary>Names and counts of migratetypes.</summary>
public static class MigrateTypes
{
    /// <summary>Number of migratetypes, each with a free list per order.</summary>
    public const int Count = 5;

    /// <summary>The first this many have per-CPU lists and merge with each other (<c>MIGRATE_PCPTYPES</c>).</summary>
    public const int PcpTypes = 3;

    private static readonly string[] Names = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate"];

    /// <summary>The kernel's name, as in <c>/proc/pagetypeinfo</c>.</summary>
    public static string Name(MigrateType type) => Names[(int)type];
}
