using Sim.Hardware.Cpu;

namespace Sim.Kernel.Mm;

/// <summary>What reclaim does at a program's wish.</summary>
internal interface IPageAdvice
{
    /// <summary>Puts the pages a CPU has gathered on the lists (<c>lru_add_drain</c>).</summary>
    void Drain(CpuClock cpu, long cause);

    /// <summary>Reclaims the pages of a range, as far as nobody else has them (<c>reclaim_pages</c>).</summary>
    void PageOut(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause);

    /// <summary>Reads what is missing of a file (<c>force_page_cache_readahead</c>); nothing for other memory.</summary>
    void ReadAhead(int file, long pgoff, long pages, CpuClock cpu, long cause);
}
