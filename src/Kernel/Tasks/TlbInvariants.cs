using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tasks;

/// <summary>
/// What holds of the TLBs between two dispatches: an entry that a CPU may use without a flush before it, now or after a switch
/// of address spaces, translates as the page tables do, and allows nothing that they do not. Entries of address spaces whose
/// generation has gone on may be stale: they are flushed before they are used (arch/x86/mm/tlb.c).
/// </summary>
public static class TlbInvariants
{
    private const ulong VpnMask = (1UL << 50) - 1;

    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(MachineState state) => Violation(state, out _);

    /// <summary>The first violation found, in words; null when there is none.</summary>
    /// <param name="state">The machine.</param>
    /// <param name="checkedEntries">Entries that a CPU may use, all of them compared with the page tables.</param>
    public static string? Violation(MachineState state, out int checkedEntries)
    {
        checkedEntries = 0;
        TlbState tlb = state.Hardware.Tlb;
        for (int cpu = 0; cpu < tlb.Cpus; cpu++)
        {
            if (LoadedViolation(state, cpu) is { } loaded)
            {
                return $"CPU {cpu}: {loaded}";
            }
            ReadOnlySpan<ulong> tags = tlb.Tags(cpu), data = tlb.Data(cpu);
            for (int slot = 0; slot < tags.Length; slot++)
            {
                if (tags[slot] == TlbGeometry.Empty || RootOf(state, cpu, (int)(tags[slot] >> 52), (TlbFlags)(data[slot] & 0xfff)) is not { } root
                    || Waits(state, tags[slot]))
                {
                    continue;
                }
                checkedEntries++;
                if (Violation(state.Virtual.Spaces.Tables, root, tags[slot] & VpnMask, data[slot]) is { } violation)
                {
                    return $"CPU {cpu}, slot {slot} of its TLB: {violation}";
                }
            }
        }
        return null;
    }

    /// <summary>CR3 is what the kernel believes it is.</summary>
    private static string? LoadedViolation(MachineState state, int cpu)
    {
        int pid = state.Virtual.Tlb.Loaded(cpu);
        long root = state.Hardware.Cpus.RootPfn(cpu);
        if (pid == 0)
        {
            return root < 0 || root == state.Virtual.Spaces.KernelRoot ? null : $"CR3 is pfn 0x{root:x}, not the kernel's own table";
        }
        TlbContexts contexts = state.Virtual.Tlb;
        return contexts.HasBatch(cpu) ? "its batch waits to be flushed"
            : !contexts.IsLazy(cpu) && !contexts.IsCurrent(cpu, contexts.LoadedSlot(cpu)) ? $"it runs pid {pid} with translations that are out of date"
            : state.Virtual.Spaces.Find(pid) is not { } mm ? $"the address space of pid {pid} is loaded, which has none"
            : mm.Root != root ? $"CR3 is pfn 0x{root:x}, and pid {pid} has its table at pfn 0x{mm.Root:x}"
            : null;
    }

    /// <summary>The top table of the address space whose entries a CPU may use under an identifier; null when they are flushed first.</summary>
    private static long? RootOf(MachineState state, int cpu, int asid, TlbFlags flags)
    {
        TlbContexts contexts = state.Virtual.Tlb;
        if ((flags & TlbFlags.Global) != 0)
        {
            return state.Virtual.Spaces.KernelRoot;
        }
        // Without identifiers a change of address spaces flushes; with them, slot n has the identifier n + 1.
        int slot = asid == 0 ? contexts.LoadedSlot(cpu) : asid - 1;
        int pid = contexts.Remembered(cpu, slot);
        return pid < 0 || !contexts.IsCurrent(cpu, slot) || (asid == 0 && contexts.Loaded(cpu) != pid) ? null
            : pid == 0 ? state.Virtual.Spaces.KernelRoot
            : state.Virtual.Spaces.Find(pid)?.Root;
    }

    /// <summary>Addresses that vmalloc has given up may be translated until they are purged, which is before they are used again.</summary>
    private static bool Waits(MachineState state, ulong tag)
    {
        ulong address = (ulong)((long)((tag & VpnMask) << 14) >> 2);
        return state.Virtual.Vmalloc.Lazy.Count > 0 && state.Virtual.Vmalloc.Lazy.Find(address) != 0;
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
            : (flags & TlbFlags.Execute) != 0 && (allowed & PteFlags.NoExecute) != 0 ? $"page 0x{vpn:x} may not be executed"
            : (flags & TlbFlags.Dirty) != 0 && (allowed & PteFlags.Dirty) == 0 ? $"page 0x{vpn:x} would not be marked as written"
            : null;
    }
}
