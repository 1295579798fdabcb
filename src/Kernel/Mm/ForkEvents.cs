using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>Resource limits of one process were set (prlimit).</summary>
/// <param name="Pid">Process.</param>
/// <param name="StackBytes">RLIMIT_STACK; -1 for none, as for all of them.</param>
/// <param name="AddressSpaceBytes">RLIMIT_AS.</param>
/// <param name="DataBytes">RLIMIT_DATA.</param>
/// <param name="MemlockBytes">RLIMIT_MEMLOCK.</param>
[Event(145, "mm.limits")]
public readonly partial record struct MmLimits(
    [Unit("pid")] int Pid,
    [Unit("bytes")] long StackBytes,
    [Unit("bytes")] long AddressSpaceBytes,
    [Unit("bytes")] long DataBytes,
    [Unit("bytes")] long MemlockBytes);

/// <summary>A child got the areas of its parent, without the pages (<c>dup_mmap</c>).</summary>
/// <param name="Pid">Parent.</param>
/// <param name="Child">Child; its address space is empty.</param>
[Event(146, "mm.fork")]
public readonly partial record struct MmFork(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Child);

/// <summary>
/// The pages of part of an area, at most what one page table covers, are mapped by a child too; private ones may not be
/// written in place from now on (<c>copy_pte_range</c>).
/// </summary>
/// <param name="Pid">Parent.</param>
/// <param name="Child">Child; its table is there.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
[Event(147, "mm.copy_pages")]
public readonly partial record struct MmCopyPages(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Child,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages);
