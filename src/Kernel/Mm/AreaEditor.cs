namespace Sim.Kernel.Mm;

/// <summary>
/// Changes of an address space's areas with their splits and merges, as mm/mmap.c and mm/mprotect.c of Linux 6.1 make
/// them. Called by <c>Apply</c> only: reads no policy, and knows areas alone, not pages.
/// </summary>
public sealed class AreaEditor(AreaPool pool, PageProtection protection, MmRules rules)
{
    private readonly AreaMerging _merging = new(rules);

    /// <summary>Splits the areas that straddle the ends of a range and removes those inside it.</summary>
    public void Unmap(AddressSpace mm, ulong start, ulong end)
    {
        AreaCursor at = mm.Areas.Find(start);
        if (mm.Areas.IsValid(at) && mm.Areas.Start(at) < start)
        {
            Split(mm, at, start);
            at = mm.Areas.Find(start);
        }
        while (mm.Areas.IsValid(at) && mm.Areas.Start(at) < end)
        {
            if (mm.Areas.End(at) > end)
            {
                Split(mm, at, end);
                at = mm.Areas.Find(start);
            }
            int handle = mm.Areas.Handle(at);
            mm.Account(pool[handle].VmFlags, -pool[handle].Pages);
            at = mm.Areas.Remove(at);
            pool.Release(handle);
        }
    }

    /// <summary>
    /// Adds a range in which nothing is mapped. The neighbour behind is considered first, then the one before, which must
    /// also agree with the one behind if that merged (<c>mmap_region</c>); later versions consider the one before first
    /// (<c>vma_merge_new_range</c>).
    /// </summary>
    public void Map(AddressSpace mm, ulong start, ulong end, VmFlags flags, int file, long pgoff)
    {
        long pages = (long)((end - start) >> 12);
        mm.Account(flags, pages);
        AreaCursor behind = mm.Areas.Find(start), before = mm.Areas.Previous(behind);
        bool mergeBehind = mm.Areas.IsValid(behind) && mm.Areas.Start(behind) == end
            && _merging.MayPrecede(in pool[mm.Areas.Handle(behind)], flags, file, pgoff + pages, 0);
        int anonVma = mergeBehind && !rules.MergesBeforeFirst ? pool[mm.Areas.Handle(behind)].AnonVma : 0;
        bool mergeBefore = mm.Areas.IsValid(before) && mm.Areas.End(before) == start
            && _merging.MayFollow(in pool[mm.Areas.Handle(before)], flags, file, pgoff, anonVma);
        if (mergeBefore)
        {
            mergeBehind = mergeBehind && AreaMerging.AnonVmasAgree(pool[mm.Areas.Handle(before)].AnonVma, pool[mm.Areas.Handle(behind)].AnonVma);
            Extend(mm, before, mergeBehind ? mm.Areas.End(behind) : end);
        }
        else if (mergeBehind)
        {
            ref VmArea area = ref pool[mm.Areas.Handle(behind)];
            area.VmPgoff = pgoff;
            SetBounds(mm, behind, start, area.VmEnd);
        }
        else
        {
            Add(mm, start, end, flags, file, pgoff, 0, 0);
        }
    }

    /// <summary>
    /// Maps a copy of an area where nothing is mapped, merged with its neighbours there if they fit (<c>copy_vma</c>). The pages
    /// are not counted.
    /// </summary>
    /// <param name="mm">The address space.</param>
    /// <param name="address">First address of what is copied, in one area.</param>
    /// <param name="start">First address of the copy.</param>
    /// <param name="end">Behind its last address.</param>
    /// <param name="apart">Where it touches the area it is a copy of, one without pages merges with none.</param>
    public void Copy(AddressSpace mm, ulong address, ulong start, ulong end, bool apart)
    {
        VmArea area = pool[mm.Areas.Handle(mm.Areas.Find(address))];
        bool faulted = area.VmFile != 0 || area.AnonVma != 0;
        long pgoff = faulted ? area.PgoffOf(address) : (long)(start >> 12);
        long pages = (long)((end - start) >> 12);
        AreaCursor behind = mm.Areas.Find(start), before = mm.Areas.Previous(behind);
        bool mergeBefore = mm.Areas.IsValid(before) && mm.Areas.End(before) == start
            && _merging.MayFollow(in pool[mm.Areas.Handle(before)], area.VmFlags, area.VmFile, pgoff, area.AnonVma, area.AnonChain);
        bool mergeBehind = mm.Areas.IsValid(behind) && mm.Areas.Start(behind) == end
            && _merging.MayPrecede(in pool[mm.Areas.Handle(behind)], area.VmFlags, area.VmFile, pgoff + pages, area.AnonVma, area.AnonChain);
        if (apart && !faulted && (start == area.VmEnd || end == area.VmStart))
        {
            (mergeBefore, mergeBehind) = (false, false);
        }
        if (!Merge(mm, before, behind, start, end, mergeBefore, mergeBehind))
        {
            Add(mm, start, end, area.VmFlags, area.VmFile, pgoff, area.AnonVma, area.AnonChain);
        }
    }

    /// <summary>
    /// Moves the end of an area up over free addresses, and merges it with the area that is then behind it if they fit (mremap;
    /// <c>vma_merge</c> of the extension).
    /// </summary>
    public void Lengthen(AddressSpace mm, ulong address, ulong end)
    {
        AreaCursor at = mm.Areas.Find(address), behind = mm.Areas.Next(at);
        ref readonly VmArea area = ref pool[mm.Areas.Handle(at)];
        mm.Account(area.VmFlags, (long)((end - area.VmEnd) >> 12));
        bool merges = mm.Areas.IsValid(behind) && mm.Areas.Start(behind) == end
            && _merging.MayPrecede(in pool[mm.Areas.Handle(behind)], area.VmFlags, area.VmFile, area.PgoffOf(end), area.AnonVma, area.AnonChain)
            && AreaMerging.AnonVmasAgree(area.AnonVma, pool[mm.Areas.Handle(behind)].AnonVma);
        Extend(mm, at, merges ? mm.Areas.End(behind) : end);
    }

    /// <summary>Makes a range of one area an area of its own.</summary>
    public void SplitOff(AddressSpace mm, ulong start, ulong end)
    {
        AreaCursor at = mm.Areas.Find(start);
        if (mm.Areas.Start(at) < start)
        {
            Split(mm, at, start);
            at = mm.Areas.Find(start);
        }
        if (mm.Areas.End(at) > end)
        {
            Split(mm, at, end);
        }
    }

    /// <summary>Adds an area as it is, merged with nothing: what a child gets from its parent.</summary>
    public void Insert(AddressSpace mm, in VmArea area) => mm.Areas.Insert(area.VmStart, area.VmEnd, pool.Allocate(in area));

    /// <summary>Grows the heap: extends the area that ends there when it starts at or above the heap's start (<c>do_brk_flags</c>).</summary>
    public void MapHeap(AddressSpace mm, ulong start, ulong end, VmFlags flags)
    {
        mm.Account(flags, (long)((end - start) >> 12));
        AreaCursor before = mm.Areas.Previous(mm.Areas.Find(start));
        if (mm.Areas.IsValid(before) && mm.Areas.End(before) == start && mm.Areas.End(before) > mm.StartBrk
            && _merging.MayFollow(in pool[mm.Areas.Handle(before)], flags, 0, (long)(start >> 12), 0))
        {
            Extend(mm, before, end);
        }
        else
        {
            Add(mm, start, end, flags, 0, (long)(start >> 12), 0, 0);
        }
    }

    /// <summary>
    /// Gives part of one area other flags, merging it with what it then fits to and splitting it off otherwise
    /// (<c>mprotect_fixup</c> with <c>vma_merge</c>).
    /// </summary>
    public void Protect(AddressSpace mm, ulong start, ulong end, VmFlags flags)
    {
        AreaCursor at = mm.Areas.Find(start);
        VmArea area = pool[mm.Areas.Handle(at)];
        mm.Account(area.VmFlags, -(long)((end - start) >> 12));
        mm.Account(flags, (long)((end - start) >> 12));
        AreaCursor before = mm.Areas.Previous(at), behind = mm.Areas.Next(at);
        bool mergeBefore = MergesBefore(mm, at, start, flags), mergeBehind = MergesBehind(mm, at, end, flags);
        if (!Merge(mm, before, behind, start, end, mergeBefore, mergeBehind))
        {
            if (start != area.VmStart)
            {
                Split(mm, at, start);
            }
            at = mm.Areas.Find(start);
            if (end != area.VmEnd)
            {
                Split(mm, at, end);
                at = mm.Areas.Find(start);
            }
            ref VmArea changed = ref pool[mm.Areas.Handle(at)];
            changed.VmFlags = flags;
            changed.VmPageProt = protection.Of(flags, changed.VmFile);
        }
    }

    /// <summary>True when the change would make part of one area part of a neighbour, so that no area more is needed.</summary>
    public bool MergesWhenProtected(AddressSpace mm, ulong start, ulong end, VmFlags flags)
    {
        AreaCursor at = mm.Areas.Find(start);
        return MergesBefore(mm, at, start, flags) || MergesBehind(mm, at, end, flags);
    }

    /// <summary>Moves the start of a growing area down (<c>expand_downwards</c>).</summary>
    public void GrowDown(AddressSpace mm, ulong start)
    {
        AreaCursor at = mm.Areas.Find(start);
        ref VmArea area = ref pool[mm.Areas.Handle(at)];
        long pages = (long)((area.VmStart - start) >> 12);
        area.VmPgoff -= pages;
        SetBounds(mm, at, start, area.VmEnd);
        mm.Account(area.VmFlags, pages);
    }

    private bool MergesBefore(AddressSpace mm, AreaCursor at, ulong start, VmFlags flags)
    {
        ref readonly VmArea area = ref pool[mm.Areas.Handle(at)];
        AreaCursor before = mm.Areas.Previous(at);
        return start == area.VmStart && mm.Areas.IsValid(before) && mm.Areas.End(before) == start
            && _merging.MayFollow(in pool[mm.Areas.Handle(before)], flags, area.VmFile, area.VmPgoff, area.AnonVma, area.AnonChain);
    }

    private bool MergesBehind(AddressSpace mm, AreaCursor at, ulong end, VmFlags flags)
    {
        ref readonly VmArea area = ref pool[mm.Areas.Handle(at)];
        AreaCursor behind = mm.Areas.Next(at);
        return end == area.VmEnd && mm.Areas.IsValid(behind) && mm.Areas.Start(behind) == end
            && _merging.MayPrecede(in pool[mm.Areas.Handle(behind)], flags, area.VmFile, area.VmPgoff + area.Pages, area.AnonVma, area.AnonChain);
    }

    private bool Merge(
        AddressSpace mm, AreaCursor before, AreaCursor behind, ulong start, ulong end, bool mergeBefore, bool mergeBehind)
    {
        if (mergeBefore && mergeBehind
            && AreaMerging.AnonVmasAgree(pool[mm.Areas.Handle(before)].AnonVma, pool[mm.Areas.Handle(behind)].AnonVma))
        {
            Extend(mm, before, mm.Areas.End(behind));
        }
        else if (mergeBefore)
        {
            Extend(mm, before, end);
        }
        else if (mergeBehind)
        {
            ExtendDown(mm, behind, start);
        }
        return mergeBefore || mergeBehind;
    }

    private void Add(AddressSpace mm, ulong start, ulong end, VmFlags flags, int file, long pgoff, int anonVma, int anonChain)
    {
        var area = new VmArea
        {
            VmStart = start,
            VmEnd = end,
            VmFlags = flags,
            VmPageProt = protection.Of(flags, file),
            VmFile = file,
            VmPgoff = pgoff,
            AnonVma = anonVma,
            AnonChain = anonChain,
            VmMm = mm.Pid,
        };
        mm.Areas.Insert(start, end, pool.Allocate(in area));
    }

    /// <summary>Cuts an area in two; both keep flags, object and <c>anon_vma</c>.</summary>
    private void Split(AddressSpace mm, AreaCursor at, ulong address)
    {
        VmArea upper = pool[mm.Areas.Handle(at)];
        SetBounds(mm, at, upper.VmStart, address);
        upper.VmPgoff += (long)((address - upper.VmStart) >> 12);
        upper.VmStart = address;
        mm.Areas.Insert(upper.VmStart, upper.VmEnd, pool.Allocate(in upper));
    }

    /// <summary>Moves the end of an area up over what is mapped there: nothing, all of an area, or its first part.</summary>
    private void Extend(AddressSpace mm, AreaCursor at, ulong end)
    {
        int handle = mm.Areas.Handle(at);
        ulong start = mm.Areas.Start(at);
        AreaCursor next = mm.Areas.Next(at);
        while (mm.Areas.IsValid(next) && mm.Areas.Start(next) < end)
        {
            int over = mm.Areas.Handle(next);
            if (pool[handle].AnonVma == 0)
            {
                (pool[handle].AnonVma, pool[handle].AnonChain) = (pool[over].AnonVma, pool[over].AnonChain);
            }
            if (mm.Areas.End(next) <= end)
            {
                next = mm.Areas.Remove(next);
                pool.Release(over);
            }
            else
            {
                pool[over].VmPgoff += (long)((end - pool[over].VmStart) >> 12);
                SetBounds(mm, next, end, pool[over].VmEnd);
                break;
            }
        }
        at = mm.Areas.Find(start);
        SetBounds(mm, at, start, end);
    }

    /// <summary>Moves the start of an area down over the last part, or all, of the one before, or over free addresses.</summary>
    private void ExtendDown(AddressSpace mm, AreaCursor at, ulong start)
    {
        AreaCursor before = mm.Areas.Previous(at);
        int handle = mm.Areas.Handle(at);
        ulong end = mm.Areas.End(at);
        if (!mm.Areas.IsValid(before) || mm.Areas.End(before) <= start)
        {
            pool[handle].VmPgoff -= (long)((pool[handle].VmStart - start) >> 12);
            SetBounds(mm, at, start, end);
            return;
        }
        int under = mm.Areas.Handle(before);
        if (pool[handle].AnonVma == 0)
        {
            (pool[handle].AnonVma, pool[handle].AnonChain) = (pool[under].AnonVma, pool[under].AnonChain);
        }
        pool[handle].VmPgoff -= (long)((pool[handle].VmStart - start) >> 12);
        if (mm.Areas.Start(before) == start)
        {
            mm.Areas.Remove(before);
            pool.Release(under);
            at = mm.Areas.Find(end - 1);
        }
        else
        {
            SetBounds(mm, before, mm.Areas.Start(before), start);
        }
        SetBounds(mm, at, start, end);
    }

    private void SetBounds(AddressSpace mm, AreaCursor at, ulong start, ulong end)
    {
        ref VmArea area = ref pool[mm.Areas.Handle(at)];
        area.VmStart = start;
        area.VmEnd = end;
        mm.Areas.SetBounds(at, start, end);
    }
}
