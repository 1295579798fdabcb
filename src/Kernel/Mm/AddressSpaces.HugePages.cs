using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>
/// Huge pages (mm/huge_memory.c): an entry of level 1 maps a whole block, whose head alone has use, map count and reverse
/// map, like the kernel's compound page.
/// </content>
public sealed partial class AddressSpaces :
    IApply<FaultHuge>, IApply<ThpFallback>, IApply<ThpSplit>, IApply<ThpZeroPage>
{
    /// <summary>First frame of the huge zero page; -1 while there is none.</summary>
    public long HugeZeroPfn { get; private set; } = -1;

    /// <summary>What became of huge pages so far.</summary>
    public HugePageCounts HugePages { get; private set; }

    public void Apply(in FaultHuge e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong address = (ulong)e.Vpn << 12;
        AreaCursor at = mm.Areas.Find(address);
        PrepareAnonVma(mm, at);
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(at)];
        _frames[e.TablePfn].Use = FrameUse.PageTable;
        mm.PageTables++;
        mm.DepositedTables.Add(e.Vpn, e.TablePfn);
        if (e.Zero)
        {
            _tables.WriteLarge(mm.Root, address, e.Pfn, area.VmPageProt);
        }
        else
        {
            ref Frame head = ref _frames[e.Pfn];
            head.Use = FrameUse.Anon;
            head.Index = unchecked((int)area.PgoffOf(address));
            head.MapCount = 1;
            ReverseMap.Add(e.Pfn, e.Pid, e.Vpn);
            mm.AnonRss += _tables.Mode.PagesPerLargePage;
            mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
            _tables.WriteLarge(mm.Root, address, e.Pfn, area.VmPageProt | Written);
            HugePages = HugePages with { FaultAllocs = HugePages.FaultAllocs + 1 };
        }
        CountFault(e.Pid, major: false);
    }

    /// <summary>The area has its <c>anon_vma</c> from the attempt on.</summary>
    public void Apply(in ThpFallback e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        PrepareAnonVma(mm, mm.Areas.Find((ulong)e.Vpn << 12));
        HugePages = HugePages with { FaultFallbacks = HugePages.FaultFallbacks + 1 };
    }

    /// <summary>The pages keep rights and marks of the huge one; those of the huge zero page map the zero page.</summary>
    public void Apply(in ThpSplit e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        PagingMode mode = _tables.Mode;
        ulong address = (ulong)e.Vpn << 12;
        ulong large = _tables.ReadLarge(mm.Root, address);
        long pfn = mode.PfnOf(large);
        bool zero = pfn == HugeZeroPfn;
        PteFlags flags = mode.FlagsOf(large) & ~PteFlags.Large;
        mm.DepositedTables.Remove(e.Vpn, out long table);
        _tables.Link(mm.Root, address, 0, table, PageTables.TableFlags);
        for (int i = 0; i < mode.PagesPerLargePage; i++)
        {
            _tables.Write(table, address + ((ulong)i << 12), mode.MakeEntry(zero ? ZeroPfn : pfn + i, flags));
            if (!zero && i > 0)
            {
                ReverseMap.Add(pfn + i, e.Pid, e.Vpn + i);
            }
        }
        HugePages = HugePages with
        {
            PmdSplits = HugePages.PmdSplits + 1,
            PageSplits = HugePages.PageSplits + (zero ? 0 : 1),
        };
    }

    public void Apply(in ThpZeroPage e, in EventHeader header)
    {
        if (e.Pfn < 0)
        {
            HugePages = HugePages with { ZeroPageFailures = HugePages.ZeroPageFailures + 1 };
            return;
        }
        HugeZeroPfn = e.Pfn;
        HugePages = HugePages with { ZeroPageAllocs = HugePages.ZeroPageAllocs + 1 };
    }

    /// <summary>Unmaps the huge page at an address, if there is one, and the table set aside for it (<c>zap_huge_pmd</c>).</summary>
    private void UnmapLarge(AddressSpace mm, ulong address)
    {
        ulong large = _tables.ReadLarge(mm.Root, address);
        if (large == 0)
        {
            return;
        }
        _tables.ClearLarge(mm.Root, address);
        Gather.AddLargePage(address & ~((1UL << _tables.Mode.ShiftOf(1)) - 1), _tables.Mode.ShiftOf(1));
        long vpn = (long)(address >> 12) & -(long)_tables.Mode.PagesPerLargePage;
        mm.DepositedTables.Remove(vpn, out long table);
        mm.PageTables--;
        _frames[table].Use = FrameUse.None;
        Released.Add(table);
        long pfn = _tables.Mode.PfnOf(large);
        if (pfn != HugeZeroPfn)
        {
            ref Frame head = ref _frames[pfn];
            head.MapCount = 0;
            head.Use = FrameUse.None;
            ReverseMap.Remove(pfn, mm.Pid, vpn);
            mm.AnonRss -= _tables.Mode.PagesPerLargePage;
            Released.Add(pfn);
        }
    }

    /// <summary>
    /// Gives the huge page at an address, if there is one, other rights. Unlike a page it is not made writable at once: the
    /// next write faults (<c>change_huge_pmd</c> of 6.1).
    /// </summary>
    private void ProtectLarge(AddressSpace mm, ulong address, PteFlags protection)
    {
        ulong large = _tables.ReadLarge(mm.Root, address);
        if (large != 0)
        {
            PteFlags kept = _tables.Mode.FlagsOf(large) & (PteFlags.Accessed | PteFlags.Dirty);
            _tables.WriteLarge(mm.Root, address, _tables.Mode.PfnOf(large), protection | kept);
            Gather.AddLargePage(address & ~((1UL << _tables.Mode.ShiftOf(1)) - 1), _tables.Mode.ShiftOf(1));
        }
    }

    /// <summary>Nothing is added before the first huge page: logs of kernels without them keep their hashes.</summary>
    private void HashHugePages(ref XxHash64 hash)
    {
        if (HugePages == default)
        {
            return;
        }
        hash.Add(HugeZeroPfn);
        hash.Add(HugePages.FaultAllocs);
        hash.Add(HugePages.FaultFallbacks);
        hash.Add(HugePages.PmdSplits);
        hash.Add(HugePages.PageSplits);
        hash.Add(HugePages.ZeroPageAllocs);
        hash.Add(HugePages.ZeroPageFailures);
    }
}
