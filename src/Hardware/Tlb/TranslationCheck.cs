using Sim.Hardware.Memory;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tlb;

/// <summary>
/// Compares a translation that a CPU uses with the page tables it has loaded, without a trace: no time passes and no bit is
/// set. A CPU may know of fewer rights than the tables give, never of more (Intel SDM volume 3A, 4.10.4.3).
/// </summary>
/// <param name="cpu">Number of the CPU.</param>
/// <param name="mode">Format of the page tables.</param>
/// <param name="memory">Their contents.</param>
internal sealed class TranslationCheck(int cpu, PagingMode mode, PhysicalMemory memory)
{
    private const TlbFlags Compared = TlbFlags.Write | TlbFlags.User | TlbFlags.Execute | TlbFlags.Dirty;

    /// <summary>Nothing, when the translation may be used.</summary>
    /// <param name="rootPfn">Frame of the top page table.</param>
    /// <param name="vpn">The page.</param>
    /// <param name="frame">Physical address the CPU translates it to.</param>
    /// <param name="flags">Rights the CPU knows of.</param>
    /// <exception cref="StaleTranslationException">It may not.</exception>
    public void Require(long rootPfn, ulong vpn, ulong frame, TlbFlags flags)
    {
        ulong address = vpn << 12;
        TlbFlags rights = TlbFlags.Write | TlbFlags.User | TlbFlags.Execute;
        long table = rootPfn;
        for (int level = mode.Levels - 1; ; level--)
        {
            ulong entry = memory.Read(table, mode.IndexOf(address, level), mode.EntryBytes);
            if ((entry & (ulong)PteFlags.Present) == 0)
            {
                // The kernel's half is one for all, and a page directory may get an entry of it later than the TLB.
                if ((flags & TlbFlags.Global) != 0 && level > 0)
                {
                    return;
                }
                throw new StaleTranslationException(cpu, vpn, $"an entry of level {level} is not present");
            }
            rights &= PageWalker.RightsOf(entry);
            if (mode.IsLeaf(entry, level))
            {
                long inPage = level == 0 ? 0 : (long)vpn & ((1L << (mode.ShiftOf(level) - 12)) - 1);
                long first = level == 0 ? mode.PfnOf(entry) : mode.PfnOf(entry) & ~((1L << (mode.ShiftOf(level) - 12)) - 1);
                RequireSame(vpn, frame, flags, first + inPage, rights | ((entry & (ulong)PteFlags.Dirty) != 0 ? TlbFlags.Dirty : TlbFlags.None));
                return;
            }
            table = mode.PfnOf(entry);
        }
    }

    private void RequireSame(ulong vpn, ulong frame, TlbFlags flags, long pfn, TlbFlags rights)
    {
        if ((long)(frame >> 12) != pfn)
        {
            throw new StaleTranslationException(cpu, vpn, $"they have pfn 0x{pfn:x}, the TLB 0x{frame >> 12:x}");
        }
        if ((flags & Compared & ~rights) is var more && more != TlbFlags.None)
        {
            throw new StaleTranslationException(cpu, vpn, $"they do not have {more}");
        }
    }
}
