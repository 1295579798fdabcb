using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>How far a request may go (the kernel's <c>ALLOC_*</c>).</summary>
[Flags]
internal enum AllocFlags : byte
{
    /// <summary>Down to the min watermark.</summary>
    Min = 0,

    /// <summary>Down to the low watermark.</summary>
    Low = 1,

    /// <summary>No watermark holds it.</summary>
    NoWatermarks = 4,

    /// <summary>For a victim of the OOM killer: down to half of the mark.</summary>
    Oom = 8,

    /// <summary>Down to three quarters of the mark.</summary>
    Harder = 16,

    /// <summary>Down to half of the mark.</summary>
    High = 32,

    /// <summary>Does not mix migratetypes in blocks below the page-block size.</summary>
    NoFragment = 64,

    /// <summary>Wakes kswapd when memory runs low.</summary>
    Kswapd = 128,
}

/// <summary>A request on its way through the zones.</summary>
internal struct PageRequest(int order, MigrateType migrateType, ZoneType highestZone, int owner, AllocFlags flags)
{
    public readonly int Order = order;
    public readonly int Owner = owner;
    public readonly MigrateType MigrateType = migrateType;
    public readonly ZoneType HighestZone = highestZone;
    public AllocFlags Flags = flags;

    /// <summary>Pid of the task that asks and can sleep: the request may be answered with <see cref="PageAllocator.Blocked"/>; 0 for none.</summary>
    public int Waiter;

    /// <summary>Whether it may be.</summary>
    public readonly bool MayWait => Waiter > 0;
}
