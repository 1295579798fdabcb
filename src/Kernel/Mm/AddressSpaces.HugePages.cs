using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>
/// Huge pages (mm/huge_memory.c): an entry of level 1 maps a whole block, whose head alone has use, map count and reverse
/// map, like the kernel's compound page.
/// </content>
public sealed partial class AddressSpaces :
    IApply<FaultHuge>, IApply<ThpFallback>, IApply<ThpSplit>, IApply<ThpZeroPage>, IApply<ThpSplitPage>, IApply<MmCopyHuge>
{
    /// <summary>The blocks behind huge pages.</summary>
    public HugePageBlocks Blocks { get; }

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
            Blocks.Begin(e.Pfn);
            Blocks.AddEntire(e.Pfn, 1);
            ReverseMap.Add(e.Pfn, e.Pid, e.Vpn);
            mm.AnonRss += _tables.Mode.PagesPerLargePage;
            mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
            _tables.WriteLarge(mm.Root, address, e.Pfn, area.VmPageProt | Written);
            HugePages = HugePages with { FaultAllocs = HugePages.FaultAllocs + 1 };
            if ((area.VmFlags & VmFlags.Locked) != 0)
            {
                LockPage((int)e.Pfn);
            }
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

    /// <summary>
    /// The pages keep rights and marks of the huge one; those of the huge zero page map the zero page. The block stays one: what
    /// locked it did so by the entry that is gone (<c>munlock_vma_page</c>).
    /// </summary>
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
                ref Frame piece = ref _frames[pfn + i];
                piece.Use = FrameUse.Anon;
                piece.MapCount++;
                ReverseMap.Add(pfn + i, e.Pid, e.Vpn + i);
            }
        }
        HugePages = HugePages with { PmdSplits = HugePages.PmdSplits + 1 };
        if (!zero)
        {
            Blocks.AddEntire(pfn, -1);
            Blocks.AddPieces(pfn, mode.PagesPerLargePage);
            if (_frames[pfn].Has(PageFlags.Mlocked))
            {
                UnlockPage((int)pfn);
            }
        }
    }

    /// <summary>Its pages are pages as others, with what was known of the block; those that nobody maps are free.</summary>
    public void Apply(in ThpSplitPage e, in EventHeader header)
    {
        const PageFlags Shared = PageFlags.Referenced | PageFlags.Dirty | PageFlags.SwapCache | PageFlags.Active | PageFlags.Workingset
            | PageFlags.Unevictable | PageFlags.LazyFree;
        Released.Clear();
        Blocks.Leave(e.Pfn);
        ref Frame head = ref _frames[e.Pfn];
        PageFlags flags = head.Flags & Shared;
        Reclaim?.Lru.SplitHead((int)e.Pfn, Blocks.Pages);
        for (long pfn = e.Pfn + Blocks.Pages - 1; pfn > e.Pfn; pfn--)
        {
            ref Frame piece = ref _frames[pfn];
            piece.Use = FrameUse.Anon;
            piece.Flags = flags;
            if (piece.MapCount == 0 && LeavesPiece(pfn))
            {
                piece.Flags = PageFlags.None;
                Released.Add(pfn);
            }
            else
            {
                Reclaim?.Lru.AddPiece((int)e.Pfn, (int)pfn, isolated: e.OffList);
            }
        }
        if (head.MapCount == 0 && LeavesPiece(e.Pfn))
        {
            // The kernel would write it to the swap area first when it is in reclaim's hands.
            Reclaim?.Lru.RemovePiece((int)e.Pfn, e.OffList);
            Released.Add(e.Pfn);
        }
        HugePages = HugePages with
        {
            PageSplits = HugePages.PageSplits + 1,
            SwpoutFallbacks = HugePages.SwpoutFallbacks + (e.Reason == SplitReason.NoCluster ? 1 : 0),
        };
    }

    /// <summary>Both may not write in place, and neither has the block alone (<c>copy_huge_pmd</c>).</summary>
    public void Apply(in MmCopyHuge e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid], child = this[e.Child];
        ulong address = (ulong)e.Vpn << 12;
        ulong large = _tables.ReadLarge(mm.Root, address);
        long pfn = _tables.Mode.PfnOf(large);
        PteFlags flags = _tables.Mode.FlagsOf(large) & ~PteFlags.Write;
        if (pfn != HugeZeroPfn)
        {
            flags |= PageProtection.NotExclusive;
            _frames[pfn].MapCount++;
            Blocks.AddEntire(pfn, 1);
            ReverseMap.Add(pfn, e.Child, e.Vpn);
            child.AnonRss += Blocks.Pages;
        }
        _frames[e.TablePfn].Use = FrameUse.PageTable;
        child.PageTables++;
        child.DepositedTables.Add(e.Vpn, e.TablePfn);
        _tables.WriteLarge(mm.Root, address, pfn, flags);
        _tables.WriteLarge(child.Root, address, pfn, flags & ~PteFlags.Accessed);
        child.HiwaterRss = Math.Max(child.HiwaterRss, child.Rss);
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
            head.MapCount--;
            Blocks.AddEntire(pfn, -1);
            ReverseMap.Remove(pfn, mm.Pid, vpn);
            mm.AnonRss -= _tables.Mode.PagesPerLargePage;
            if (head.Has(PageFlags.Mlocked))
            {
                UnlockPage((int)pfn);
            }
            if (Blocks.EntireMaps(pfn) == 0 && Blocks.IsMapped(pfn) && HasUnmappedPiece(pfn))
            {
                Defer(pfn);
            }
            ReleaseIfUnmapped(pfn);
        }
    }

    /// <summary>One entry of level 0 less maps a page of a block (<c>page_remove_rmap</c>).</summary>
    private void DropPiece(long pfn)
    {
        long head = Blocks.Head(pfn);
        Blocks.AddPieces(head, -1);
        if (Blocks.MapCount(pfn) == 0)
        {
            Defer(head);
            ReleaseIfUnmapped(head);
        }
    }

    /// <summary>What is in the swap cache is in reclaim's hands.</summary>
    private void Defer(long head)
    {
        if (!_frames[head].Has(PageFlags.SwapCache) && Blocks.Defer(head))
        {
            HugePages = HugePages with { DeferredSplits = HugePages.DeferredSplits + 1 };
        }
    }

    private bool HasUnmappedPiece(long head)
    {
        for (long pfn = head; pfn < head + Blocks.Pages; pfn++)
        {
            if (_frames[pfn].MapCount == 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A block that nobody maps, and of which the swap cache keeps nothing, is free (<c>free_transhuge_page</c>).</summary>
    private void ReleaseIfUnmapped(long head)
    {
        if (!Blocks.IsMapped(head) && LeavesSwapCache(head))
        {
            Blocks.End(head);
            _frames[head].Use = FrameUse.None;
            Released.Add(head);
        }
    }

    /// <summary>Nobody maps a page of a block that is being split: true when the swap cache does not keep it either.</summary>
    private bool LeavesPiece(long pfn)
    {
        if (!_frames[pfn].Has(PageFlags.SwapCache))
        {
            return true;
        }
        if (Reclaim!.Swap.Area.CountOf(ReverseMap.Mapping(pfn)) > 0)
        {
            return false;
        }
        LeaveSwapCache(pfn);
        return true;
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
            PteFlags kept = _tables.Mode.FlagsOf(large) & (PteFlags.Accessed | PteFlags.Dirty | PageProtection.NotExclusive);
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
        hash.Add(HugePages.DeferredSplits);
        hash.Add(HugePages.Swpouts);
        hash.Add(HugePages.SwpoutFallbacks);
        Blocks.HashInto(ref hash);
        hash.Add(HugePages.CollapseAllocs);
        hash.Add(HugePages.CollapseFailures);
        hash.Add(HugePages.ExceedNone);
        hash.Add(HugePages.ExceedSwap);
        hash.Add(HugePages.ExceedShared);
    }
}
