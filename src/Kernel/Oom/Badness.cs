using Sim.Kernel.Mm;

namespace Sim.Kernel.Oom;

/// <summary>How much memory killing a process would free (<c>oom_badness</c>).</summary>
public static class Badness
{
    /// <summary>Resident pages, pages in the swap area, and page tables.</summary>
    /// <param name="spaces">All address spaces.</param>
    /// <param name="mm">Its own.</param>
    public static long Of(AddressSpaces spaces, AddressSpace mm) =>
        mm.Rss + mm.SwapEntries + PageTableAccounting.ChargedPages(spaces, mm);
}
