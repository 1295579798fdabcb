namespace Sim.Kernel.Mm;

/// <summary>
/// Where a mapping goes when its address is left to the kernel: <c>get_unmapped_area</c> and
/// <c>vm_unmapped_area</c> (mm/mmap.c, arch/x86/kernel/sys_x86_64.c, Linux 6.1). Guard gaps of stacks stay free.
/// </summary>
public sealed class Placement(AddressLayout layout, AreaPool pool)
{
    /// <summary>No place.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>
    /// The hint when it is free, else the highest place below <c>mmap_base</c>, else the lowest above a third of user space; in the legacy
    /// layout that at once.
    /// </summary>
    /// <param name="mm">The address space.</param>
    /// <param name="hint">Page-aligned wish; 0 for none.</param>
    /// <param name="length">Page-aligned length.</param>
    /// <param name="below2GiB">MAP_32BIT on x86-64.</param>
    /// <returns>The address, or <see cref="None"/>.</returns>
    public ulong Find(AddressSpace mm, ulong hint, ulong length, bool below2GiB)
    {
        if (below2GiB && layout.LongMode && !mm.IsCompat)
        {
            // The kernel searches this gigabyte upwards (find_start_end).
            return FitsAt(mm, hint, length) && hint + length <= 0x8000_0000
                ? hint
                : FindUp(mm, length, 0x4000_0000, 0x8000_0000);
        }
        if (hint != 0 && FitsAt(mm, hint, length))
        {
            return hint;
        }
        ulong place = layout.BottomUp ? None : FindDown(mm, length, Math.Max(4096, layout.MinPlacedAddress), mm.MmapBase);
        return place != None ? place : FindUp(mm, length, layout.UnmappedBaseOf(mm), layout.TaskSizeOf(mm));
    }

    /// <summary>
    /// The same for a mapping of a file: where it holds a large page's worth of the file, the place is such that a large page could map
    /// it (<c>thp_get_unmapped_area</c>, mm/huge_memory.c).
    /// </summary>
    /// <param name="mm">The address space.</param>
    /// <param name="hint">Page-aligned wish; 0 for none.</param>
    /// <param name="length">Page-aligned length.</param>
    /// <param name="offset">Offset in the file, in bytes.</param>
    /// <param name="below2GiB">MAP_32BIT on x86-64.</param>
    /// <returns>The address, or <see cref="None"/>.</returns>
    public ulong FindForFile(AddressSpace mm, ulong hint, ulong length, ulong offset, bool below2GiB)
    {
        ulong size = layout.FileAlignBytesOf(mm), padded = layout.Word(length + size);
        ulong aligned = size == 0 ? 0 : (offset + size - 1) & ~(size - 1);
        if (size == 0 || offset + length <= aligned || offset + length - aligned < size || padded < length || padded > layout.TaskSizeOf(mm))
        {
            return Find(mm, hint, length, below2GiB);
        }
        ulong place = Find(mm, hint, padded, below2GiB);
        return place == None ? Find(mm, hint, length, below2GiB)
            : place == hint ? hint
            : layout.Rules.AlignsDownward && !layout.BottomUp && ((offset - place) & (size - 1)) == 0 ? place + size
            : place + ((offset - place) & (size - 1));
    }

    /// <summary>
    /// The same for anonymous memory: from <see cref="MmRules.AlignsAnonymous"/> on aligned when it is private, a multiple of a large page
    /// and has no hint.
    /// </summary>
    /// <param name="mm">The address space.</param>
    /// <param name="hint">Page-aligned wish; 0 for none.</param>
    /// <param name="length">Page-aligned length.</param>
    /// <param name="shared">Shared memory.</param>
    /// <param name="below2GiB">MAP_32BIT on x86-64.</param>
    /// <returns>The address, or <see cref="None"/>.</returns>
    public ulong FindForAnonymous(AddressSpace mm, ulong hint, ulong length, bool shared, bool below2GiB) =>
        layout.Rules.AlignsAnonymous && !shared && hint == 0 && layout.FileAlignBytesOf(mm) is var align and not 0 && length % align == 0
            ? FindForFile(mm, 0, length, 0, below2GiB)
            : Find(mm, hint, length, below2GiB);

    /// <summary>
    /// The highest place of a length in a range. Where the guard gap of a growing area takes the place, the search goes on below the gap,
    /// whatever is free beside other areas in it (<c>unmapped_area_topdown</c>).
    /// </summary>
    public ulong FindDown(AddressSpace mm, ulong length, ulong low, ulong high)
    {
        AreaIndex areas = mm.Areas;
        while (high > low && high - low >= length)
        {
            AreaCursor next = areas.Find(high - 1);
            ulong end, limit;
            while (true)
            {
                AreaCursor before = areas.Previous(next);
                end = areas.IsValid(next) ? Math.Min(high, areas.Start(next)) : high;
                ulong start = areas.IsValid(before) ? Math.Max(low, areas.End(before)) : low;
                limit = areas.IsValid(next) ? StartWithGap(areas, next) : high;
                if (end > start && end - start >= length)
                {
                    break;
                }
                if (!areas.IsValid(before) || areas.End(before) <= low)
                {
                    return None;
                }
                next = before;
                if (areas.Next(next).Slot == 0)
                {
                    next = areas.LastOf(areas.ChunkWithGapDownFrom(next.Chunk, length));
                }
            }
            if (limit >= end)
            {
                return end - length;
            }
            high = limit;
        }
        return None;
    }

    /// <summary>The lowest place of a length in a range.</summary>
    public ulong FindUp(AddressSpace mm, ulong length, ulong low, ulong high)
    {
        AreaIndex areas = mm.Areas;
        if (high <= low || high - low < length)
        {
            return None;
        }
        for (AreaCursor next = areas.Find(low); ; next = areas.Next(next))
        {
            while (areas.IsValid(next) && next.Slot == 0 && next.Chunk > 0 && (ulong)areas.WidestGap(next.Chunk) < length
                && areas.Start(next) >= low)
            {
                next = new AreaCursor(next.Chunk + 1, 0);
            }
            AreaCursor before = areas.Previous(next);
            ulong start = areas.IsValid(before) ? Math.Max(low, areas.End(before)) : low;
            ulong end = areas.IsValid(next) ? Math.Min(high, StartWithGap(areas, next)) : high;
            if (end > start && end - start >= length)
            {
                return start;
            }
            if (!areas.IsValid(next) || areas.End(next) >= high)
            {
                return None;
            }
        }
    }

    /// <summary>True when a wished place is inside user space and free; the generic functions also keep off a stack below it.</summary>
    private bool FitsAt(AddressSpace mm, ulong hint, ulong length)
    {
        if ((hint < layout.MinPlacedAddress && !layout.LongMode) || layout.TaskSizeOf(mm) < length || layout.TaskSizeOf(mm) - length < hint)
        {
            return false;
        }
        AreaCursor next = mm.Areas.Find(hint);
        return !mm.Areas.IsValid(next) || hint + length <= StartWithGap(mm.Areas, next);
    }

    private ulong StartWithGap(AreaIndex areas, AreaCursor at) =>
        pool[areas.Handle(at)].StartWithGap(layout.GuardGapBytes);
}
