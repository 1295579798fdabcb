using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.PageCache;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>Changes of single pages: what faults do.</summary>
public sealed partial class AddressSpaces :
    IApply<FaultAnon>, IApply<FaultZero>, IApply<FaultCow>, IApply<FaultFile>, IApply<FaultReuse>, IApply<FaultSpurious>,
    IApply<FaultAround>, IApply<CacheAdd>, IApply<CacheSize>
{
    // What the kernel sets at the fault, so that the CPU need not do it at the access that follows.
    private const PteFlags Written = PteFlags.Write | PteFlags.Dirty;

    public void Apply(in FaultAnon e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        AreaCursor at = mm.Areas.Find(address);
        PrepareAnonVma(mm, at);
        MapAnonymous(mm, _tables.FindLeafTable(mm.Root, address, out _), address, e.Pfn, in Areas[mm.Areas.Handle(at)]);
        CountFault(e.Pid, major: false);
    }

    public void Apply(in FaultZero e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        SetEntry(mm, address, ZeroPfn, Areas[mm.Areas.Handle(mm.Areas.Find(address))].VmPageProt);
        CountFault(e.Pid, major: false);
    }

    public void Apply(in FaultCow e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        AreaCursor at = mm.Areas.Find(address);
        PrepareAnonVma(mm, at);
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(at)];
        Released.Clear();
        long table = _tables.FindLeafTable(mm.Root, address, out _);
        ulong old = _tables.Read(table, address);
        if (old != 0)
        {
            DropPage(mm, address, _tables.Mode.PfnOf(old), area.VmFile);
        }
        MapAnonymous(mm, table, address, e.Pfn, in area);
        CountFault(e.Pid, e.Major);
    }

    public void Apply(in FaultFile e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        MapCached(mm, address, e.Pfn, in area, e.Write ? Written : 0);
        if (e.Write)
        {
            SetDirty(e.Pfn, header.TimePs);
        }
        Reclaim?.Files.Hit(area.VmFile, e.Major ? 0 : 1);
        CountFault(e.Pid, e.Major);
    }

    public void Apply(in FaultAround e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(address))];
        long table = _tables.FindLeafTable(mm.Root, address, out _);
        int found = 0;
        for (long i = 0; i < e.Pages; i++, address += 4096)
        {
            long pfn = Cache.Find(area.VmFile, area.PgoffOf(address));
            if (pfn < 0 || !IsMappedAround(pfn))
            {
                continue;
            }
            found++;
            if (_tables.Read(table, address) == 0)
            {
                MapCached(mm, address, pfn, in area, 0);
            }
        }
        Reclaim?.Files.Hit(area.VmFile, found);
        if (e.Resolved)
        {
            CountFault(e.Pid, e.Major);
        }
    }

    /// <summary>Pages being read, and marked ones, are left to a fault of their own (<c>next_uptodate_page</c>).</summary>
    internal bool IsMappedAround(long pfn) => !_frames[pfn].Has(PageFlags.Locked | PageFlags.Readahead);

    public void Apply(in FaultReuse e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        ulong large = _tables.ReadLarge(mm.Root, address);
        ulong mapped = large != 0 ? large : _tables.ReadPte(mm.Root, address);
        if ((mapped & (ulong)PageProtection.NotExclusive) != 0 && Blocks.Head(_tables.Mode.PfnOf(mapped)) is var head && _frames[head].Has(PageFlags.SwapCache))
        {
            // Found to be the process's alone, which took its slot from it; one marked so keeps its slot.
            LeaveSwapCache(head);
        }
        if (large != 0)
        {
            _tables.WriteLarge(mm.Root, address, _tables.Mode.PfnOf(large), (_tables.Mode.FlagsOf(large) & ~PageProtection.NotExclusive) | Written | PteFlags.Accessed);
        }
        else
        {
            PteFlags flags = _tables.Mode.FlagsOf(mapped) & ~PageProtection.NotExclusive;
            long pfn = _tables.Mode.PfnOf(mapped);
            SetEntry(mm, address, pfn, flags | Written | PteFlags.Accessed);
            if (_frames[pfn].Use is FrameUse.File or FrameUse.Shmem)
            {
                SetDirty(pfn, header.TimePs);
            }
        }
        CountFault(e.Pid, major: false);
    }

    public void Apply(in FaultSpurious e, in EventHeader header) => CountFault(e.Pid, major: false);

    public void Apply(in CacheAdd e, in EventHeader header) => AddToCache(e.File, e.Pgoff, e.Pfn);

    public void Apply(in CacheSize e, in EventHeader header) => Cache.SetSize(e.File, e.Pages);

    private void MapCached(AddressSpace mm, ulong address, long pfn, in VmArea area, PteFlags more)
    {
        _frames[pfn].MapCount++;
        ReverseMap.Add(pfn, mm.Pid, (long)(address >> 12));
        if (area.VmFile < 0)
        {
            mm.ShmemRss++;
        }
        else
        {
            mm.FileRss++;
        }
        mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
        SetEntry(mm, address, pfn, area.VmPageProt | more);
        if ((area.VmFlags & VmFlags.Locked) != 0)
        {
            LockPage((int)pfn);
        }
    }

    private void MapAnonymous(AddressSpace mm, long table, ulong address, long pfn, in VmArea area)
    {
        ref Frame frame = ref _frames[pfn];
        frame.Use = FrameUse.Anon;
        frame.Index = unchecked((int)area.PgoffOf(address));
        frame.MapCount = 1;
        ReverseMap.Add(pfn, mm.Pid, (long)(address >> 12));
        mm.AnonRss++;
        mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
        _tables.Write(table, address, _tables.Mode.MakeEntry(pfn, area.VmPageProt | Written));
        if ((area.VmFlags & VmFlags.Locked) != 0)
        {
            LockPage((int)pfn);
        }
    }

    private void SetEntry(AddressSpace mm, ulong address, long pfn, PteFlags flags) =>
        _tables.Write(_tables.FindLeafTable(mm.Root, address, out _), address, _tables.Mode.MakeEntry(pfn, flags));

    /// <summary>
    /// Before its first anonymous page an area takes the <c>anon_vma</c> of a neighbour it may yet merge with, the one
    /// behind first, or a new one (<c>__anon_vma_prepare</c>, <c>find_mergeable_anon_vma</c>).
    /// </summary>
    private void PrepareAnonVma(AddressSpace mm, AreaCursor at)
    {
        ref VmArea area = ref Areas[mm.Areas.Handle(at)];
        if (area.AnonVma != 0)
        {
            return;
        }
        AreaCursor behind = mm.Areas.Next(at), before = mm.Areas.Previous(at);
        if (mm.Areas.IsValid(behind))
        {
            ref readonly VmArea next = ref Areas[mm.Areas.Handle(behind)];
            if (next.AnonChain == 1 && AreaMerging.MayShareAnonVma(in area, in next))
            {
                (area.AnonVma, area.AnonChain) = (next.AnonVma, 1);
                return;
            }
        }
        if (mm.Areas.IsValid(before))
        {
            ref readonly VmArea previous = ref Areas[mm.Areas.Handle(before)];
            if (previous.AnonChain == 1 && AreaMerging.MayShareAnonVma(in previous, in area))
            {
                (area.AnonVma, area.AnonChain) = (previous.AnonVma, 1);
                return;
            }
        }
        (area.AnonVma, area.AnonChain) = (++_anonVmas, 1);
    }
}
