using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>A CPU changed over to another address space, or brought its own up to date (<c>switch_mm_irqs_off</c>).</summary>
/// <param name="Cpu">The CPU.</param>
/// <param name="Pid">The process whose address space it is; 0 for the kernel's own (<c>init_mm</c>).</param>
/// <param name="AsidIndex">Which of the CPU's six remembered address spaces it is from now on; 0 without process-context identifiers.</param>
/// <param name="Flush">What the CPU remembers there is dropped: it is another address space's, or out of date.</param>
[Event(223, "mm.switch")]
public readonly partial record struct MmSwitch(
    byte Cpu,
    [Unit("pid")] int Pid,
    byte AsidIndex,
    bool Flush);

/// <summary>A CPU goes on in the kernel alone and keeps its address space loaded: lazy TLB mode (<c>enter_lazy_tlb</c>).</summary>
/// <param name="Cpu">The CPU.</param>
[Event(224, "mm.lazy_tlb")]
public readonly partial record struct MmLazyTlb(
    byte Cpu);

/// <summary>
/// Entries of an address space were changed: CPUs that have it loaded drop their translations, those in lazy TLB mode put
/// that off, the others find its generation raised when they switch to it (<c>flush_tlb_mm_range</c>).
/// </summary>
/// <param name="Cpu">The CPU that changed them.</param>
/// <param name="Pid">The process.</param>
/// <param name="Vpn">First page; 0 when all translations are dropped.</param>
/// <param name="Pages">Number of entries to drop one by one; 0 when all translations are dropped.</param>
/// <param name="FreedTables">Page tables go, too: no CPU may keep the address space loaded lazily.</param>
/// <param name="Interrupted">Other CPUs that are interrupted for it.</param>
[Event(225, "mm.tlb_flush")]
public readonly partial record struct MmTlbFlush(
    byte Cpu,
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(3)] long Vpn,
    [Unit("pages")] long Pages,
    bool FreedTables,
    byte Interrupted);

/// <summary>An entry of an address space was cleared, and the flush put off to the end of a batch (<c>arch_tlbbatch_add_mm</c>).</summary>
/// <param name="Cpu">The CPU whose batch it is.</param>
/// <param name="Pid">The process.</param>
[Event(226, "mm.tlb_defer")]
public readonly partial record struct MmTlbDefer(
    byte Cpu,
    [Unit("pid")] int Pid);

/// <summary>A batch's address spaces were dropped by all CPUs that may remember them (<c>arch_tlbbatch_flush</c>).</summary>
/// <param name="Cpu">The CPU whose batch it is.</param>
/// <param name="Interrupted">Other CPUs that are interrupted for it.</param>
[Event(227, "mm.tlb_batch")]
public readonly partial record struct MmTlbBatch(
    byte Cpu,
    byte Interrupted);

/// <summary>All CPUs drop translations of the kernel's half (<c>flush_tlb_kernel_range</c>).</summary>
/// <param name="Cpu">The CPU that changed entries.</param>
/// <param name="Vpn">First page; 0 when everything is dropped.</param>
/// <param name="Pages">Number of pages dropped one by one; 0 when everything is dropped, global translations included.</param>
[Event(228, "mm.tlb_kernel")]
public readonly partial record struct MmTlbKernel(
    byte Cpu,
    [Unit("vpn"), Delta(3)] long Vpn,
    [Unit("pages")] long Pages);
