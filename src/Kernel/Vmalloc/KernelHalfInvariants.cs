using Sim.Hardware.Paging;
using Sim.Kernel.Highmem;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// What always holds of the kernel's half between two dispatches: every address is used, waiting or free, and one of them only; an
/// area's pages are mapped and its guard page is not; the kernel's part of every address space is the kernel's own, but for entries
/// of the vmalloc area that it has not needed yet; mappings of high memory are what the page tables say.
/// </summary>
public static class KernelHalfInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(VirtualMemoryState state, FrameTable frames)
    {
        VmallocState vmalloc = state.Vmalloc;
        return vmalloc.Busy.Violation() ?? vmalloc.Lazy.Violation() ?? vmalloc.Free.Violation()
            ?? Addresses(vmalloc) ?? Areas(vmalloc, state.Spaces, frames) ?? Sharing(state.Spaces) ?? Mappings(state.Highmem, state.Spaces);
    }

    private static string? Addresses(VmallocState state)
    {
        int busy = state.Busy.First(), lazy = state.Lazy.First(), free = state.Free.First();
        ulong at = 1;
        while (at < state.Layout.AddressEnd)
        {
            VmapAreaTree? tree = busy != 0 && state.Busy.Start(busy) == at ? state.Busy
                : lazy != 0 && state.Lazy.Start(lazy) == at ? state.Lazy
                : free != 0 && state.Free.Start(free) == at ? state.Free : null;
            if (tree is null)
            {
                return $"the kernel address 0x{at:x} is neither used nor waiting nor free, or more than one of it";
            }
            ref int node = ref tree == state.Busy ? ref busy : ref tree == state.Lazy ? ref lazy : ref free;
            at = tree.End(node);
            node = tree.Next(node);
        }
        long waiting = 0;
        for (int node = state.Lazy.First(); node != 0; node = state.Lazy.Next(node))
        {
            waiting += (long)((state.Lazy.End(node) - state.Lazy.Start(node)) >> 12);
        }
        return waiting == state.LazyPages ? null : $"{waiting} pages of kernel addresses wait and {state.LazyPages} are counted";
    }

    private static string? Areas(VmallocState state, AddressSpaces spaces, FrameTable frames)
    {
        long pages = 0;
        for (int node = state.Busy.First(); node != 0; node = state.Busy.Next(node))
        {
            ref readonly VmStruct area = ref state.Area(state.Busy.Tag(node));
            pages += area.OwnPages;
            for (long i = 0; i < area.OwnPages; i++)
            {
                long pfn = spaces.KernelPfn(area.Address + ((ulong)i << 12));
                if (pfn < 0 || frames[pfn].State != FrameState.Allocated || frames[pfn].Owner != KernelUser.Vmalloc)
                {
                    return $"page {i} of the vmalloc area at 0x{area.Address:x} is not mapped to a page of its own";
                }
            }
            if (area.UsablePages < area.Pages && spaces.KernelPfn(area.Address + ((ulong)area.UsablePages << 12)) >= 0)
            {
                return $"the guard page of the vmalloc area at 0x{area.Address:x} is mapped";
            }
        }
        return pages == state.Pages ? null : $"vmalloc areas own {pages} pages and {state.Pages} are counted";
    }

    private static string? Sharing(AddressSpaces spaces)
    {
        if (spaces.KernelRoot < 0)
        {
            return null;
        }
        PagingMode mode = spaces.Tables.Mode;
        int first = mode.IndexOf(spaces.Layout.KernelStart, mode.Levels - 1);
        int entries = mode.Levels == 3 ? 4 : mode.EntriesPerTable;
        for (int pid = 0; pid <= spaces.MaxPid; pid++)
        {
            for (int i = first; spaces.Find(pid) is { } mm && i < entries; i++)
            {
                ulong own = spaces.Tables.ReadAt(mm.Root, i), kernel = spaces.Tables.ReadAt(spaces.KernelRoot, i);
                bool late = own == 0 && mode.Levels == 2 && spaces.Kernel.IsVmalloc((ulong)i << mode.ShiftOf(1) | ((1UL << mode.ShiftOf(1)) - 4096));
                if (own != kernel && !late)
                {
                    return $"top-level entry {i} of process {pid} is 0x{own:x} and the kernel's own 0x{kernel:x}";
                }
            }
        }
        return null;
    }

    private static string? Mappings(HighmemState state, AddressSpaces spaces)
    {
        for (int slot = 0; slot < state.Layout.PkmapSlots; slot++)
        {
            if (state.Maps > 0 && spaces.KernelPfn(state.Layout.PkmapAddress(slot)) != state.Page(slot) || state.Page(slot) < 0 != (state.Count(slot) == 0))
            {
                return $"permanent mapping {slot} is counted {state.Count(slot)} for pfn 0x{state.Page(slot):x}, and the tables map another";
            }
        }
        for (int index = 0; state.FixedMaps > 0 && index < state.FixedAddresses; index++)
        {
            if (spaces.KernelPfn(KernelLayout.FixmapAddress(index)) != state.Fixed(index))
            {
                return $"fixed address {index} stands for pfn 0x{state.Fixed(index):x}, and the tables map another";
            }
        }
        return null;
    }
}
