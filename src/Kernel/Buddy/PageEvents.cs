using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>A block of 2^order page frames was handed out, from a per-CPU list or, splitting a larger block where needed, from the buddy lists (the kernel's mm_page_alloc).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Order">Order of the block.</param>
/// <param name="MigrateType">Mobility it was asked with.</param>
/// <param name="Owner">For whom: a pid above 0, a user inside the kernel below 0, 0 for nobody.</param>
/// <param name="Cpu">CPU that asked.</param>
[Event(40, "page.alloc")]
public readonly partial record struct PageAlloc(
    [Unit("pfn"), Delta(10)] long Pfn, byte Order, MigrateType MigrateType, [Unit("pid")] int Owner, byte Cpu);

/// <summary>A block of 2^order page frames was given back, to a per-CPU list or, merging with its free buddies, to the buddy lists (mm_page_free).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Order">Order of the block.</param>
/// <param name="Cpu">CPU that gave it back.</param>
[Event(41, "page.free")]
public readonly partial record struct PageFree(
    [Unit("pfn"), Delta(11)] long Pfn, byte Order, byte Cpu);

/// <summary>A request for page frames failed: no zone had a block of the order, or taking it would have gone below the watermark.</summary>
/// <param name="Order">Order asked for.</param>
/// <param name="Gfp">How it was asked for: the kernel's gfp bits.</param>
/// <param name="Owner">For whom.</param>
/// <param name="FreePages">Free frames on the buddy lists of the zones the request could use.</param>
/// <param name="Cpu">CPU that asked.</param>
[Event(42, "page.alloc_failed")]
public readonly partial record struct PageAllocFailed(
    byte Order, [Unit("hex")] int Gfp, [Unit("pid")] int Owner, [Unit("pages")] long FreePages, byte Cpu);

/// <summary>The allocation that caused this took its block out of a larger one; the halves it left over went to the lists of the orders between.</summary>
/// <param name="Pfn">First frame of the larger block.</param>
/// <param name="FromOrder">Order of the larger block.</param>
/// <param name="ToOrder">Order of the block handed out.</param>
[Event(43, "buddy.split", Ignorable = true)]
public readonly partial record struct BuddySplit(
    [Unit("pfn"), Delta(10)] long Pfn, byte FromOrder, byte ToOrder);

/// <summary>The free that caused this merged its block with free buddies, as often as it found one.</summary>
/// <param name="Pfn">First frame of the merged block.</param>
/// <param name="FromOrder">Order of the block that was freed.</param>
/// <param name="ToOrder">Order of the merged block.</param>
[Event(44, "buddy.merge", Ignorable = true)]
public readonly partial record struct BuddyMerge(
    [Unit("pfn"), Delta(11)] long Pfn, byte FromOrder, byte ToOrder);

/// <summary>No free block of the wanted migratetype was left, so one of another type was taken over (mm_page_alloc_extfrag).</summary>
/// <param name="Pfn">First frame of the block found.</param>
/// <param name="Order">Order that was asked for.</param>
/// <param name="FallbackOrder">Order of the block found.</param>
/// <param name="MigrateType">Migratetype that was asked for.</param>
/// <param name="FallbackMigrateType">Migratetype whose list the block was on.</param>
/// <param name="WholeBlock">All free frames of the page block move to the wanted type, not the found block alone.</param>
/// <param name="ClaimsBlock">The page block itself changes its type too, because at least half of it is free or of a like mobility.</param>
[Event(45, "buddy.steal")]
public readonly partial record struct BuddySteal(
    [Unit("pfn"), Delta(10)] long Pfn, byte Order, byte FallbackOrder, MigrateType MigrateType, MigrateType FallbackMigrateType, bool WholeBlock, bool ClaimsBlock);

/// <summary>A block allocated before the run began with captured lists turns out to have an order: its frames, held one by one so far, become one block.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">The order.</param>
[Event(118, "page.found")]
public readonly partial record struct PageFound([Unit("pfn"), Delta(10)] long Pfn, byte Order);

/// <summary>A frame was handed out from a per-CPU list to a request for many (__alloc_pages_bulk, which the kernel does not trace).</summary>
/// <param name="Pfn">The frame.</param>
/// <param name="MigrateType">Mobility it was asked with.</param>
/// <param name="Owner">For whom.</param>
/// <param name="Cpu">CPU that asked.</param>
[Event(119, "page.alloc_bulk")]
public readonly partial record struct PageAllocBulk(
    [Unit("pfn"), Delta(10)] long Pfn, MigrateType MigrateType, [Unit("pid")] int Owner, byte Cpu);

/// <summary>A block was given back to the buddy lists although its order has per-CPU lists: an interrupt found them locked (free_one_page).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Order">Order of the block.</param>
/// <param name="Cpu">CPU that gave it back.</param>
[Event(120, "page.free_buddy")]
public readonly partial record struct PageFreeBuddy([Unit("pfn"), Delta(11)] long Pfn, byte Order, byte Cpu);

/// <summary>Compaction took a whole free block aside, as single frames (__isolate_free_page).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="Order">Order of the block.</param>
/// <param name="Cpu">CPU that took it.</param>
[Event(121, "page.isolate")]
public readonly partial record struct PageIsolate([Unit("pfn"), Delta(10)] long Pfn, byte Order, byte Cpu);

/// <summary>kswapd began or ended balancing a zone (balance_pgdat): per-CPU lists keep less meanwhile.</summary>
/// <param name="Zone">Which zone.</param>
/// <param name="Active">It began.</param>
[Event(122, "zone.reclaim_active")]
public readonly partial record struct ZoneReclaimActive(ZoneType Zone, bool Active);

/// <summary>A CPU added what it had gathered to the zones' counters of free pages (refresh_cpu_vm_stats).</summary>
/// <param name="Cpu">Which CPU.</param>
[Event(123, "vmstat.flush")]
public readonly partial record struct VmStatFlush(byte Cpu);

/// <summary>A block that was held when the run began with captured lists is told of by the recording: what it was asked for, and by whom.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">Its order.</param>
/// <param name="MigrateType">Mobility it was asked with; movable for pages that reclaim knows.</param>
/// <param name="Owner">For whom; 0 when nobody tells.</param>
/// <param name="Line">Line of the recording with its allocation; 0 when only its end tells.</param>
[Event(127, "page.held")]
public readonly partial record struct PageHeld(
    [Unit("pfn"), Delta(10)] long Pfn, byte Order, MigrateType MigrateType, [Unit("pid")] int Owner, long Line);
