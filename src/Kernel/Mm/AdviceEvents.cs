using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>
/// A program said that it will not need pages for a while: those it has for itself look unused and are inactive
/// (<c>madvise_cold_or_pageout_pte_range</c>).
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page of the range.</param>
/// <param name="Pages">Length.</param>
[Event(191, "vma.cold")]
public readonly partial record struct VmaCold(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);
