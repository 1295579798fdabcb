using Sim.Engine.Events;

namespace Sim.Hardware.Tlb;

/// <summary>A page walk put its translation into the second level and into one side of the first.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Asid">Process-context identifier of the entry; 4095 for a global one where PCID is on, 0 where it is off.</param>
/// <param name="Vpn">Page number of the linear address, of the first 4 KiB for a large page.</param>
/// <param name="Pfn">Frame it maps to, the first one for a large page.</param>
/// <param name="Flags">Side, size and rights, a sum: 1 instruction, 2 write, 4 user, 8 execute, 16 dirty, 32 global, 64 large.</param>
/// <param name="Ways">Way in the first level, plus 8 times the way in the second.</param>
[Event(12, "tlb.fill")]
public readonly partial record struct TlbFill(
    byte Cpu,
    short Asid,
    [Unit("vpn"), Delta(3)] long Vpn,
    [Unit("pfn"), Delta(4)] long Pfn,
    byte Flags,
    byte Ways);

/// <summary>A translation found in the second level was copied into the first.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Asid">Process-context identifier of the entry; 4095 for a global one where PCID is on, 0 where it is off.</param>
/// <param name="Vpn">Page number of the linear address, of the first 4 KiB for a large page.</param>
/// <param name="Flags">Side and size, a sum: 1 instruction, 64 large.</param>
/// <param name="Way">Way in the first level.</param>
[Event(13, "tlb.promote")]
public readonly partial record struct TlbPromote(
    byte Cpu,
    short Asid,
    [Unit("vpn"), Delta(3)] long Vpn,
    byte Flags,
    byte Way);

/// <summary>Many entries of a CPU's TLBs were dropped at once.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Scope">Which entries.</param>
/// <param name="Asid">Process-context identifier, for the scope context.</param>
[Event(14, "tlb.flush")]
public readonly partial record struct TlbFlush(
    byte Cpu,
    TlbFlushScope Scope,
    short Asid);

/// <summary>The entries that translate a range of pages were dropped, global ones included.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Asid">Process-context identifier whose entries are dropped.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Number of 4 KiB pages.</param>
[Event(15, "tlb.invalidate")]
public readonly partial record struct TlbInvalidate(
    byte Cpu,
    short Asid,
    [Unit("vpn"), Delta(3)] long Vpn,
    [Unit("pages")] long Pages);

/// <summary>A translation was found in a TLB. Logged only at detail full.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Vpn">Page number of the linear address.</param>
/// <param name="Level">1 or 2.</param>
/// <param name="Instruction">On the instruction side.</param>
[Event(16, "tlb.hit", Ignorable = true)]
public readonly partial record struct TlbHit(
    byte Cpu,
    [Unit("vpn"), Delta(3)] long Vpn,
    byte Level,
    bool Instruction);
