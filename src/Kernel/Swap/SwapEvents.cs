using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>A CPU took free slots for the pages that it will swap out (<c>refill_swap_slots_cache</c>).</summary>
/// <param name="Cpu">The CPU.</param>
[Event(173, "swap.refill")]
public readonly partial record struct SwapRefill(byte Cpu);

/// <summary>A whole cluster of slots was taken for a huge page that will be swapped out (<c>swap_alloc_cluster</c>).</summary>
/// <param name="Slot">The first of them.</param>
[Event(254, "swap.cluster")]
public readonly partial record struct SwapCluster(
    [Unit("slots"), Delta(24)] long Slot);

/// <summary>A page began to be read from its slot, into the swap cache (<c>__read_swap_cache_async</c>).</summary>
/// <param name="Slot">Its slot.</param>
/// <param name="Pfn">The frame it gets.</param>
/// <param name="Ahead">Nobody has asked for it yet.</param>
[Event(174, "swap.read")]
public readonly partial record struct SwapRead(
    [Unit("slots"), Delta(24)] long Slot,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Ahead);

/// <summary>The reading of a page ended.</summary>
/// <param name="Pfn">Its frame.</param>
[Event(175, "swap.read_end")]
public readonly partial record struct SwapReadEnd(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>A process asked for a page that reading ahead, or nobody yet, had taken in; the readahead window follows (<c>swapin_readahead</c>).</summary>
/// <param name="Pid">The process.</param>
/// <param name="Vpn">The page.</param>
/// <param name="Slot">Its slot.</param>
/// <param name="ReadaheadPages">Pages of the window; 0 when the page was in the cache.</param>
[Event(176, "swap.readahead")]
public readonly partial record struct SwapReadahead(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("slots"), Delta(24)] long Slot,
    [Unit("pages")] int ReadaheadPages);

/// <summary>
/// A page that was swapped out is mapped again (<c>do_swap_page</c>). Where a write finds that others have the page too it is mapped
/// read-only, and the copy that follows in the same fault counts the fault.
/// </summary>
/// <param name="Pid">The process.</param>
/// <param name="Vpn">The page.</param>
/// <param name="Pfn">Its frame.</param>
/// <param name="Write">The access was a write.</param>
/// <param name="Major">The process had to wait for the device.</param>
/// <param name="Direct">Read past the swap cache: the device answers at once.</param>
[Event(177, "fault.swap")]
public readonly partial record struct FaultSwap(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Write,
    bool Major,
    bool Direct);

/// <summary>Compressed memory took a frame for the pages it holds (<c>zs_malloc</c>).</summary>
/// <param name="Pfn">The frame.</param>
[Event(179, "zram.grow")]
public readonly partial record struct ZramGrow(
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>Compressed memory has a frame to spare, which is to be freed (<c>zs_compact</c>).</summary>
/// <param name="Pfn">The frame.</param>
[Event(180, "zram.shrink")]
public readonly partial record struct ZramShrink(
    [Unit("pfn"), Delta(21)] long Pfn);
