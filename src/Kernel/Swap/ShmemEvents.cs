using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>
/// A page of shared memory that nobody maps any more got a slot, and moved from its object's page cache to the swap cache; the
/// object keeps the slot (<c>shmem_writepage</c>, mm/shmem.c). It is written next.
/// </summary>
/// <param name="Pfn">Its frame.</param>
/// <param name="Slot">Its slot.</param>
/// <param name="Cpu">The CPU whose slot it was.</param>
[Event(242, "shmem.writepage")]
public readonly partial record struct ShmemWritepage(
    [Unit("pfn"), Delta(21)] long Pfn,
    [Unit("slots"), Delta(24)] long Slot,
    byte Cpu);

/// <summary>
/// A page of shared memory was asked for that reading ahead, or nobody yet, had taken in; the window of neighbouring slots that are
/// read follows (<c>swap_cluster_readahead</c>, mm/swap_state.c).
/// </summary>
/// <param name="Slot">Its slot.</param>
/// <param name="ReadaheadPages">Pages of the window; 0 when the page was in the swap cache.</param>
[Event(243, "shmem.readahead")]
public readonly partial record struct ShmemReadahead(
    [Unit("slots"), Delta(24)] long Slot,
    [Unit("pages")] int ReadaheadPages);

/// <summary>A page of shared memory moved back from the swap cache to its object's page cache; its slot is free (<c>shmem_swapin_folio</c>).</summary>
/// <param name="File">The object, negative.</param>
/// <param name="Pgoff">Offset in the object.</param>
/// <param name="Pfn">The frame.</param>
[Event(244, "shmem.swapin")]
public readonly partial record struct ShmemSwapIn(
    [Symbol] int File,
    [Unit("pages"), Delta(22)] long Pgoff,
    [Unit("pfn"), Delta(21)] long Pfn);
