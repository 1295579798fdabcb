using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>What reclaim does at a program's wish.</summary>
internal interface IPageAdvice
{
    /// <summary>Puts the pages a CPU has gathered on the lists (<c>lru_add_drain</c>).</summary>
    void Drain(CpuClock cpu, long cause);

    /// <summary>Reclaims the pages of a range, as far as nobody else has them (<c>reclaim_pages</c>).</summary>
    void PageOut(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause);

    /// <summary>Reads what is missing of part of an area: of its file, or from the swap area (<c>madvise_willneed</c>).</summary>
    void ReadAhead(AddressSpace mm, in VmArea area, ulong start, ulong end, CpuClock cpu, long cause);
}
