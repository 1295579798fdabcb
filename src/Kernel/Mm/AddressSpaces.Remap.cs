using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>What mremap, madvise and mlock change.</content>
public sealed partial class AddressSpaces :
    IApply<VmaFlags>, IApply<VmaCopy>, IApply<VmaMovePages>, IApply<VmaLeave>, IApply<VmaLengthen>, IApply<VmaZap>, IApply<VmaLazyFree>,
    IApply<VmaAnonVma>, IApply<VmaSplit>
{
    public void Apply(in VmaFlags e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12;
        var flags = (VmFlags)e.Flags;
        VmFlags before = Areas[mm.Areas.Handle(mm.Areas.Find(start))].VmFlags;
        mm.LockedVm += LockedPages(flags, e.Pages) - LockedPages(before, e.Pages);
        bool locked = (before & VmFlags.Locked) != 0, locks = (flags & VmFlags.Locked) != 0;
        _editor.Protect(mm, start, start + ((ulong)e.Pages << 12), flags);
        if (locked != locks)
        {
            LockPages(mm, start, start + ((ulong)e.Pages << 12), locks);
        }
    }

    public void Apply(in VmaCopy e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12, to = (ulong)e.NewVpn << 12;
        VmArea area = Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        _editor.Copy(mm, address, to, to + ((ulong)e.NewPages << 12), e.Apart);
        mm.Account(area.VmFlags, e.NewPages);
        mm.LockedVm += e.Stays && !_layout.Rules.DontUnmapCountsLocked ? 0 : LockedPages(area.VmFlags, e.NewPages);
        MapShared(area.VmFile, e.NewPages);
    }

    public void Apply(in VmaMovePages e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong from = (ulong)e.Vpn << 12, to = (ulong)e.NewVpn << 12;
        long source = _tables.FindLeafTable(mm.Root, from, out _), target = _tables.FindLeafTable(mm.Root, to, out _);
        for (long i = 0; i < e.Pages; i++, from += 4096, to += 4096)
        {
            ulong entry = _tables.Read(source, from);
            if (entry == 0)
            {
                continue;
            }
            _tables.Write(source, from, 0);
            _tables.Write(target, to, entry);
            if (SwapFormat.IsSlot(entry))
            {
                continue;
            }
            long pfn = _tables.Mode.PfnOf(entry);
            if (pfn != ZeroPfn)
            {
                ReverseMap.Remove(pfn, e.Pid, e.Vpn + i);
                ReverseMap.Add(pfn, e.Pid, e.NewVpn + i);
            }
        }
    }

    public void Apply(in VmaLeave e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12;
        int handle = mm.Areas.Handle(mm.Areas.Find(start));
        ref VmArea area = ref Areas[handle];
        area.VmFlags &= ~VmFlags.LockedMask;
        if (area.VmStart == start && area.Pages == e.Pages && mm.Areas.Handle(mm.Areas.Find((ulong)e.NewVpn << 12)) != handle)
        {
            (area.AnonVma, area.AnonChain) = (0, 0);
            area.VmPgoff = e.Whole || area.VmFile != 0 ? area.VmPgoff : e.Vpn;
        }
    }

    public void Apply(in VmaSplit e, in EventHeader header)
    {
        ulong start = (ulong)e.Vpn << 12;
        _editor.SplitOff(this[e.Pid], start, start + ((ulong)e.Pages << 12));
    }

    public void Apply(in VmaLengthen e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong end = (ulong)e.Vpn << 12;
        VmArea area = Areas[mm.Areas.Handle(mm.Areas.Find(end - 1))];
        _editor.Lengthen(mm, end - 1, end + ((ulong)e.Pages << 12));
        mm.LockedVm += LockedPages(area.VmFlags, e.Pages);
        MapShared(area.VmFile, e.Pages);
    }

    public void Apply(in VmaZap e, in EventHeader header)
    {
        Released.Clear();
        Gather.Clear();
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12;
        UnmapPages(mm, start, start + ((ulong)e.Pages << 12), Areas[mm.Areas.Handle(mm.Areas.Find(start))].VmFile);
    }

    /// <summary>The pages are clean and old now, as if never written: only a write to come keeps them.</summary>
    public void Apply(in VmaLazyFree e, in EventHeader header)
    {
        const PteFlags Marks = PteFlags.Accessed | PteFlags.Dirty;
        Released.Clear();
        Gather.Clear();
        AddressSpace mm = this[e.Pid];
        PagingMode mode = _tables.Mode;
        ulong at = (ulong)e.Vpn << 12;
        for (ulong end = at + ((ulong)e.Pages << 12); at < end;)
        {
            long table = _tables.FindLeafTable(mm.Root, at, out int missing);
            if (table < 0)
            {
                at = _tables.SpanEnd(at, missing + 1);
                continue;
            }
            for (ulong stop = Math.Min(end, _tables.SpanEnd(at, 1)); at < stop; at += 4096)
            {
                ulong entry = _tables.Read(table, at);
                if (SwapFormat.IsSlot(entry))
                {
                    // What is swapped out is forgotten (madvise_free_pte_range).
                    _tables.Write(table, at, 0);
                    DropSlot(mm, SwapFormat.SlotOf(mode, entry));
                    continue;
                }
                long pfn = mode.PfnOf(entry);
                if (entry != 0 && pfn != ZeroPfn && _frames[pfn].Use == FrameUse.Anon && !Blocks.IsPiece(pfn) && Forgets(pfn))
                {
                    _tables.Write(table, at, mode.MakeEntry(pfn, mode.FlagsOf(entry) & ~Marks));
                    MakeLazyFree((int)pfn);
                    Gather.AddPage(at);
                }
            }
        }
    }

    public void Apply(in VmaAnonVma e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        PrepareAnonVma(mm, mm.Areas.Find((ulong)e.Vpn << 12));
    }

    private static long LockedPages(VmFlags flags, long pages) => (flags & VmFlags.Locked) != 0 ? pages : 0;

    private void MapShared(int file, long pages)
    {
        if (file < 0)
        {
            SharedMemory.Map(-file, pages);
        }
    }
}
