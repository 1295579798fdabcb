using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>A zone begins as a real kernel's was: every frame that is not put on a list from here on is held by somebody unknown.</summary>
/// <param name="Zone">Which zone.</param>
/// <param name="ManagedPages">Frames the allocator manages.</param>
/// <param name="Min">Watermark min.</param>
/// <param name="Low">Watermark low.</param>
/// <param name="High">Watermark high.</param>
/// <param name="Boost">By how much the watermarks are raised for the time being.</param>
/// <param name="HighAtomic">Frames reserved for urgent requests of higher orders.</param>
/// <param name="PageblockPages">Frames of a page block.</param>
[Event(112, "lists.zone")]
public readonly partial record struct ListsZone(
    ZoneType Zone, [Unit("pages")] long ManagedPages, [Unit("pages")] long Min, [Unit("pages")] long Low, [Unit("pages")] long High,
    [Unit("pages")] long Boost, [Unit("pages")] long HighAtomic, [Unit("pages")] int PageblockPages);

/// <summary>What a zone keeps from requests that may use zones up to a higher one (lowmem_reserve).</summary>
/// <param name="Zone">Which zone keeps.</param>
/// <param name="Highest">Highest zone of the requests.</param>
/// <param name="Pages">How much.</param>
[Event(113, "lists.reserve")]
public readonly partial record struct ListsReserve(ZoneType Zone, ZoneType Highest, [Unit("pages")] long Pages);

/// <summary>A run of page blocks has a migratetype.</summary>
/// <param name="Pfn">First frame of the first.</param>
/// <param name="Blocks">How many.</param>
/// <param name="MigrateType">Their type.</param>
/// <param name="Zone">Their zone; a zone's first page block may begin below it.</param>
[Event(114, "lists.pageblocks")]
public readonly partial record struct ListsPageblocks([Unit("pfn")] long Pfn, int Blocks, MigrateType MigrateType, ZoneType Zone);

/// <summary>A free block stands last on its buddy list.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">Its order.</param>
/// <param name="MigrateType">Type of the list.</param>
[Event(115, "lists.block")]
public readonly partial record struct ListsBlock([Unit("pfn"), Delta(10)] long Pfn, byte Order, MigrateType MigrateType);

/// <summary>Sizes of a CPU's lists of a zone.</summary>
/// <param name="Cpu">Which CPU.</param>
/// <param name="Zone">Which zone.</param>
/// <param name="PcpHigh">Frames from which a free hands some back.</param>
/// <param name="Batch">Frames moved at a time.</param>
/// <param name="FreeFactor">Doublings of the batch.</param>
/// <param name="FreePagesCounter">The zone's counter of free pages, without what CPUs have not added to it yet.</param>
[Event(116, "lists.pcp")]
public readonly partial record struct ListsPcp(
    byte Cpu, ZoneType Zone, [Unit("pages")] int PcpHigh, [Unit("pages")] int Batch, int FreeFactor, [Unit("pages")] long FreePagesCounter);

/// <summary>A free block stands last on a per-CPU list.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">Its order.</param>
/// <param name="List">Number of the list.</param>
/// <param name="MigrateType">Type of the page block it was freed into.</param>
/// <param name="Cpu">Whose list.</param>
[Event(117, "lists.pcp_block")]
public readonly partial record struct ListsPcpBlock(
    [Unit("pfn"), Delta(10)] long Pfn, byte Order, byte List, MigrateType MigrateType, byte Cpu);
