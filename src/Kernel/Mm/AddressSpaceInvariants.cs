using Sim.Hardware.Paging;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// What holds between any two events of virtual memory: areas in order, counts equal to what is counted, every page-table entry
/// inside an area that allows it, map counts right, and no anonymous frame writable while two address spaces map it.
/// </summary>
public static class AddressSpaceInvariants
{
    /// <summary>The first violation found, in words; null when everything holds. Visits every area and every page table.</summary>
    public static string? Violation(AddressSpaces spaces, FrameTable frames)
    {
        var mapped = new int[frames.Count];
        var named = new Dictionary<int, int>();
        for (int pid = 1; pid <= spaces.MaxPid; pid++)
        {
            if (spaces.Find(pid) is { } mm && (AreaViolation(spaces, mm) ?? PageViolation(spaces, mm, frames, mapped, named)) is { } violation)
            {
                return $"pid {pid}: {violation}";
            }
        }
        if (SharedMemoryViolation(spaces, frames, named) is { } shared)
        {
            return shared;
        }
        for (int pfn = 0; pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            bool counted = frame.State == FrameState.Allocated && frame.Use is FrameUse.Anon or FrameUse.File or FrameUse.Shmem;
            bool piece = frame.State == FrameState.Tail && HeadOf(frames, pfn).Use == FrameUse.Anon;
            if ((counted || piece) && frame.MapCount != mapped[pfn])
            {
                return $"pfn 0x{pfn:x} has map count {frame.MapCount} and is mapped {mapped[pfn]} times";
            }
            if (counted && frame.Use == FrameUse.Anon && frame.Order > 0 && BlockViolation(spaces, pfn) is { } block)
            {
                return block;
            }
            if (counted && frame.Use == FrameUse.Anon && mapped[pfn] == 0 && !frame.Has(PageFlags.SwapCache)
                && !(frame.Order > 0 && spaces.Blocks.IsMapped(pfn)))
            {
                return $"pfn 0x{pfn:x} is anonymous and not mapped";
            }
            if (ReverseViolation(spaces, pfn, mapped[pfn]) is { } reverse)
            {
                return reverse;
            }
            if (!counted && !piece && mapped[pfn] != 0 && pfn != spaces.ZeroPfn)
            {
                return $"pfn 0x{pfn:x} is mapped and is {frame.State}, {frame.Use}";
            }
        }
        return QueueViolation(spaces, frames) ?? (spaces.Reclaim is null ? null : Reclaim.ReclaimInvariants.Violation(spaces, frames, named));
    }

    /// <summary>A block counts the entries that map it as a whole and page by page.</summary>
    private static string? BlockViolation(AddressSpaces spaces, long head)
    {
        HugePageBlocks blocks = spaces.Blocks;
        int entire = 0, pieces = 0;
        for (long pfn = head; pfn < head + blocks.Pages; pfn++)
        {
            for (int entry = spaces.ReverseMap.First(pfn); entry != 0; entry = spaces.ReverseMap.Next(entry))
            {
                (int pid, long vpn) = spaces.ReverseMap[entry];
                bool large = spaces.Find(pid) is { } mm && spaces.Tables.ReadLarge(mm.Root, (ulong)vpn << 12) != 0;
                entire += large ? 1 : 0;
                pieces += large ? 0 : 1;
            }
        }
        return entire != blocks.EntireMaps(head) || pieces != blocks.PieceMaps(head)
            ? $"the block at pfn 0x{head:x} is mapped {entire} times and its pages {pieces} times, counted {blocks.EntireMaps(head)} and {blocks.PieceMaps(head)}"
            : null;
    }

    /// <summary>Blocks that wait to be split are huge pages of which somebody maps something, and are counted.</summary>
    private static string? QueueViolation(AddressSpaces spaces, FrameTable frames)
    {
        HugePageBlocks blocks = spaces.Blocks;
        int queued = 0;
        for (long head = blocks.First; head >= 0; head = blocks.Next(head), queued++)
        {
            ref readonly Frame frame = ref frames[head];
            if (queued > blocks.Queued || frame.State != FrameState.Allocated || frame.Order == 0 || frame.Use != FrameUse.Anon || !blocks.IsQueued(head))
            {
                return $"pfn 0x{head:x} waits to be split and is {frame.State}, order {frame.Order}, {frame.Use}";
            }
        }
        return queued == blocks.Queued ? null : $"{queued} blocks wait to be split, counted {blocks.Queued}";
    }

    /// <summary>Each page of shared memory is in memory or swapped out, not both; objects name the slots of theirs.</summary>
    private static string? SharedMemoryViolation(AddressSpaces spaces, FrameTable frames, Dictionary<int, int> named)
    {
        SharedMemoryObjects objects = spaces.SharedMemory;
        foreach ((int file, long pgoff, int slot) in objects.SwapEntries.Entries)
        {
            if (file >= 0 || pgoff >= objects.Pages(-file) || !spaces.Reclaim!.Swap.Area.Has(slot) || spaces.Cache.Find(file, pgoff) >= 0)
            {
                return $"page {pgoff} of object {file} has slot 0x{slot:x}, and frame {spaces.Cache.Find(file, pgoff)}";
            }
            named[slot] = named.GetValueOrDefault(slot) + 1;
        }
        long resident = 0;
        for (int pfn = 0; pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            if (frame.State == FrameState.Allocated && frame.Use == FrameUse.Shmem)
            {
                resident++;
                int file = spaces.ReverseMap.Mapping(pfn);
                if (file >= 0 || spaces.Cache.Find(file, (uint)frame.Index) != pfn || frame.Has(PageFlags.SwapCache | PageFlags.Writeback | PageFlags.Locked))
                {
                    return $"pfn 0x{pfn:x} is page {frame.Index} of object {file} with flags {frame.Flags}, which is not so";
                }
            }
        }
        return resident == objects.ResidentPages ? null : $"{resident} pages of shared memory, counted {objects.ResidentPages}";
    }

    /// <summary>The reverse map knows the entries that map a frame, and no others.</summary>
    private static string? ReverseViolation(AddressSpaces spaces, long pfn, int mapped)
    {
        int known = 0;
        for (int entry = spaces.ReverseMap.First(pfn); entry != 0; entry = spaces.ReverseMap.Next(entry), known++)
        {
            (int pid, long vpn) = spaces.ReverseMap[entry];
            ulong pte = spaces.Find(pid) is { } mm ? spaces.Tables.ReadPte(mm.Root, (ulong)vpn << 12) : 0;
            if (pte == 0 || spaces.Tables.Mode.PfnOf(pte) != pfn)
            {
                return $"pfn 0x{pfn:x} is not mapped by process {pid} at page 0x{vpn:x} as its reverse map says";
            }
        }
        return known == mapped || pfn == spaces.ZeroPfn ? null : $"pfn 0x{pfn:x} is mapped {mapped} times and its reverse map knows {known}";
    }

    private static string? AreaViolation(AddressSpaces spaces, AddressSpace mm)
    {
        var counted = new AddressSpace();
        ulong end = 0;
        int count = 0;
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at), count++)
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            if (area.VmStart < end || area.VmEnd <= area.VmStart || area.VmEnd > spaces.Layout.TaskSizeOf(mm)
                || ((area.VmStart | area.VmEnd) & 0xfff) != 0)
            {
                return $"area 0x{area.VmStart:x}-0x{area.VmEnd:x} follows one that ends at 0x{end:x}";
            }
            if (area.VmStart != mm.Areas.Start(at) || area.VmEnd != mm.Areas.End(at) || area.VmMm != mm.Pid)
            {
                return $"area 0x{area.VmStart:x} is indexed as 0x{mm.Areas.Start(at):x}-0x{mm.Areas.End(at):x}";
            }
            end = area.VmEnd;
            counted.Account(area.VmFlags, area.Pages);
        }
        return count != mm.Areas.Count ? $"{count} areas, counted {mm.Areas.Count}"
            : counted.TotalVm != mm.TotalVm || counted.DataVm != mm.DataVm || counted.ExecVm != mm.ExecVm || counted.StackVm != mm.StackVm
                || counted.CommittedVm != mm.CommittedVm
                ? "total_vm, data_vm, exec_vm, stack_vm or what is promised is not the sum of the areas"
            : null;
    }

    private static string? PageViolation(AddressSpaces spaces, AddressSpace mm, FrameTable frames, int[] mapped, Dictionary<int, int> named)
    {
        PageTables tables = spaces.Tables;
        PagingMode mode = tables.Mode;
        long anon = 0, file = 0, shmem = 0, found = 0, leaves = 0, swapped = 0;
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            for (ulong address = area.VmStart; address < area.VmEnd;)
            {
                long table = tables.FindLeafTable(mm.Root, address, out int missing);
                if (table < 0)
                {
                    ulong large = missing == 0 ? tables.ReadLarge(mm.Root, address) : 0;
                    if (large != 0)
                    {
                        if (HugeViolation(spaces, mm, frames, in area, address, large) is { } huge)
                        {
                            return huge;
                        }
                        found++;
                        leaves++;
                        if (mode.PfnOf(large) != spaces.HugeZeroPfn)
                        {
                            mapped[mode.PfnOf(large)]++;
                            anon += mode.PagesPerLargePage;
                        }
                    }
                    address = tables.SpanEnd(address, missing + 1);
                    continue;
                }
                ulong entry = tables.Read(table, address);
                if (Swap.SwapFormat.IsSlot(entry))
                {
                    int slot = Swap.SwapFormat.SlotOf(mode, entry);
                    if (!spaces.Reclaim!.Swap.Area.Has(slot))
                    {
                        return $"0x{address:x} names slot 0x{slot:x}, which no swap area has";
                    }
                    named[slot] = named.GetValueOrDefault(slot) + 1;
                    swapped++;
                    found++;
                }
                else if (entry != 0)
                {
                    long pfn = mode.PfnOf(entry);
                    found++;
                    mapped[pfn] += pfn == spaces.ZeroPfn ? 0 : 1;
                    anon += pfn != spaces.ZeroPfn && HeadOf(frames, pfn).Use == FrameUse.Anon ? 1 : 0;
                    file += frames[pfn].Use == FrameUse.File && area.VmFile > 0 ? 1 : 0;
                    shmem += frames[pfn].Use == FrameUse.Shmem && area.VmFile < 0 ? 1 : 0;
                    bool writable = (mode.FlagsOf(entry) & (PteFlags.Present | PteFlags.Write)) == (PteFlags.Present | PteFlags.Write);
                    if (writable && frames[pfn].Use == FrameUse.Anon && spaces.Blocks.MapCount(pfn) > 1)
                    {
                        return $"0x{address:x} is writable and another process maps its page too";
                    }
                    if (writable && ((area.VmFlags & VmFlags.Write) == 0 || pfn == spaces.ZeroPfn))
                    {
                        return $"0x{address:x} is writable in its page table and not in its area";
                    }
                }
                address += 4096;
            }
        }
        long entries = 0, levels = 0;
        CountBelow(tables, mm.Root, mode.Levels - 1, mode.IndexOf(spaces.Layout.TaskSize - 1, mode.Levels - 1) + 1, ref entries, ref levels);
        return anon != mm.AnonRss || file != mm.FileRss || shmem != mm.ShmemRss
                ? $"rss is {mm.AnonRss}+{mm.FileRss}+{mm.ShmemRss}, mapped are {anon}+{file}+{shmem}"
            : swapped != mm.SwapEntries ? $"{swapped} entries name slots, counted {mm.SwapEntries}"
            : entries != found ? $"{entries} page-table entries, {found} of them in areas"
            : leaves != mm.DepositedTables.Count ? $"{leaves} huge pages, {mm.DepositedTables.Count} tables set aside"
            : levels + leaves != mm.PageTables ? $"{levels} page tables and {leaves} set aside, counted {mm.PageTables}"
            : null;
    }

    /// <summary>A huge page lies inside its area and is a whole block, or the huge zero page; a table is set aside for it.</summary>
    private static string? HugeViolation(
        AddressSpaces spaces, AddressSpace mm, FrameTable frames, in VmArea area, ulong address, ulong entry)
    {
        PagingMode mode = spaces.Tables.Mode;
        ulong start = address & ~((1UL << mode.ShiftOf(1)) - 1);
        long pfn = mode.PfnOf(entry);
        ref Frame head = ref frames[pfn];
        bool zero = pfn == spaces.HugeZeroPfn;
        return start < area.VmStart || spaces.Tables.SpanEnd(address, 1) > area.VmEnd || area.VmFile != 0
                ? $"the huge page at 0x{start:x} is not inside a private anonymous area"
            : head.State != FrameState.Allocated || 1 << head.Order != mode.PagesPerLargePage || (!zero && head.Use != FrameUse.Anon)
                ? $"the huge page at 0x{start:x} maps pfn 0x{pfn:x}, which is {head.State}, order {head.Order}, {head.Use}"
            : (entry & (ulong)PteFlags.Write) != 0 && !zero && spaces.Blocks.EntireMaps(pfn) + spaces.Blocks.PieceMaps(pfn) > 1
                ? $"the huge page at 0x{start:x} is writable and others map it, too"
            : (entry & (ulong)PteFlags.Write) != 0 && ((area.VmFlags & VmFlags.Write) == 0 || zero)
                ? $"0x{start:x} is writable in its page table and not in its area"
            : !mm.DepositedTables.TryGetValue((long)(start >> 12), out long table) || frames[table].Use != FrameUse.PageTable
                ? $"no table is set aside for the huge page at 0x{start:x}"
            : null;
    }

    private static ref Frame HeadOf(FrameTable frames, long pfn) =>
        ref frames[frames[pfn].State == FrameState.Tail ? FrameView.Head(frames, pfn) : pfn];

    private static void CountBelow(PageTables tables, long table, int level, int count, ref long entries, ref long levels)
    {
        for (int i = 0; i < count; i++)
        {
            ulong entry = tables.ReadAt(table, i);
            if (level == 0)
            {
                entries += entry != 0 ? 1 : 0;
            }
            else if (level == 1 && (entry & (ulong)PteFlags.Large) != 0)
            {
                entries++;
            }
            else if ((entry & (ulong)PteFlags.Present) != 0)
            {
                levels++;
                CountBelow(tables, tables.Mode.PfnOf(entry), level - 1, tables.Mode.EntriesPerTable, ref entries, ref levels);
            }
        }
    }
}
