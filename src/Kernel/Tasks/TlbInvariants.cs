using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tasks;

/// <summary>
/// What holds between two dispatches of the TLBs: an entry that a CPU with a task may use translates as its page tables do, and
/// allows nothing that they do not. Entries of address spaces not loaded may be stale: they are flushed before they are used
/// (arch/x86/mm/tlb.c, switch_mm_irqs_off).
/// </summary>
public static class TlbInvariants
{
    private const ulong VpnMask = (1UL << 50) - 1;

    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(MachineState state)
    {
        TlbState tlb = state.Hardware.Tlb;
        for (int cpu = 0; cpu < tlb.Cpus; cpu++)
        {
            long root = state.Hardware.Cpus.RootPfn(cpu);
            if (root < 0 || state.Virtual.Tasks.Current(cpu) == 0)
            {
                continue;
            }
            int asid = state.Hardware.Cpus.Asid(cpu);
            ReadOnlySpan<ulong> tags = tlb.Tags(cpu), data = tlb.Data(cpu);
            for (int slot = 0; slot < tags.Length; slot++)
            {
                if (tags[slot] != TlbGeometry.Empty && (int)(tags[slot] >> 52) == asid
                    && Violation(state.Virtual.Spaces.Tables, root, tags[slot] & VpnMask, data[slot]) is { } violation)
                {
                    return $"CPU {cpu}, slot {slot} of its TLB: {violation}";
                }
            }
        }
        return null;
    }

    private static string? Violation(PageTables tables, long root, ulong vpn, ulong entry)
    {
        var flags = (TlbFlags)(entry & 0xfff);
        ulong pte = (flags & TlbFlags.Large) != 0 ? tables.ReadLarge(root, vpn << 12) : tables.ReadPte(root, vpn << 12);
        PteFlags allowed = tables.Mode.FlagsOf(pte);
        long pfn = (long)(entry >> 12);
        return (allowed & PteFlags.Present) == 0 ? $"page 0x{vpn:x} is not mapped"
            : tables.Mode.PfnOf(pte) != pfn ? $"page 0x{vpn:x} is mapped to pfn 0x{tables.Mode.PfnOf(pte):x}, not 0x{pfn:x}"
            : (flags & TlbFlags.Write) != 0 && (allowed & PteFlags.Write) == 0 ? $"page 0x{vpn:x} may not be written"
            : (flags & TlbFlags.User) != 0 && (allowed & PteFlags.User) == 0 ? $"page 0x{vpn:x} is not the user's"
            : null;
    }
}
