namespace Sim.Kernel.Mm;

/// <summary>
/// What versions of Linux do differently with areas and pages of user space. Everything that depends on the version is decided here, once;
/// the modelled kernel is 6.1.
/// </summary>
public sealed record MmRules
{
    /// <summary>Linux 6.1 with the stable releases up to 6.1.192.</summary>
    public static readonly KernelVersion Modelled = new(6, 1, 192);

    private MmRules(KernelVersion version)
    {
        Version = version;
        DontUnmapStaysApart = version.Has(new(7, 2, 0), new KernelVersion(6, 1, 191));
        CleanPagesBecomeWritable = version.Has(new(6, 2, 0));
        HeapNameNeedsOverlap = version.Has(new(6, 6, 0));
        UntouchedIsUnaccounted = version.Has(new(6, 6, 0));
        StacksHaveNoHugePages = version.Has(new(6, 7, 0));
        AlignsDownward = version.Has(new(6, 8, 0));
        AlignsAnonymous = version.Has(new(6, 12, 0));
        MergesBeforeFirst = version.Has(new(6, 12, 0));
        FailedMmapKeepsOld = version.Has(new(6, 12, 0));
        PopulatesRangeAsOne = version.Has(new(6, 9, 0));
        DontUnmapCountsLocked = version.Has(new(6, 15, 0)) && !DontUnmapStaysApart;
        MapsLastPageAlone = version.Has(new(6, 18, 0));
        MergesIntoUntouched = version.Has(new(6, 16, 0));
        MovesManyAreas = version.Has(new(6, 17, 0));
    }

    /// <summary>The version.</summary>
    public KernelVersion Version { get; }

    /// <summary>
    /// MREMAP_DONTUNMAP: the part of a locked area that is moved is split off first and alone loses its lock, a copy beside the area it
    /// is of does not merge, and an area left without pages has the page offset of its address again (6.1.191, <c>copy_vma</c> and
    /// <c>move_vma</c>: "mm/mremap: fix locked_vm leak" and "reset unfaulted VMA page offset"). Before, the copy may become part of that
    /// area, and all of the area is unlocked.
    /// </summary>
    public bool DontUnmapStaysApart { get; }

    /// <summary>
    /// <c>/proc/PID/maps</c> calls an area the heap when it overlaps the heap (6.6, 11250fd12eb8, <c>vma_is_initial_heap</c>); before, also
    /// when it only touches it, as the zeroed data below the first break does.
    /// </summary>
    public bool HeapNameNeedsOverlap { get; }

    /// <summary>
    /// mprotect takes private anonymous memory without an <c>anon_vma</c> out of the commit accounting when it takes write access away, so
    /// that it is as if mapped so (6.6, "mm/mprotect: allow unfaulted VMAs to be unaccounted on mprotect()").
    /// </summary>
    public bool UntouchedIsUnaccounted { get; }

    /// <summary>MAP_STACK asks for no huge pages (6.7, c4608d1bf7c6, <c>calc_vm_flag_bits</c>); before, it asks for nothing.</summary>
    public bool StacksHaveNoHugePages { get; }

    /// <summary>
    /// What is aligned for huge pages lies at the upper end of the place found, when that is aligned already (6.8, 96204e15310c,
    /// <c>__thp_get_unmapped_area</c>); before, at its lower end.
    /// </summary>
    public bool AlignsDownward { get; }

    /// <summary>
    /// Private anonymous mappings without a hint that are a multiple of a huge page long are aligned to one (6.7, efa7df3e3bb5; of such a
    /// length only from 6.12, d4148aeab412, <c>__get_unmapped_area</c>). The rules between are not modelled.
    /// </summary>
    public bool AlignsAnonymous { get; }

    /// <summary>
    /// A new mapping that fits two neighbours which do not fit each other becomes part of the one before (6.12, cacded5e42b9,
    /// <c>vma_merge_new_range</c>); before, of the one behind.
    /// </summary>
    public bool MergesBeforeFirst { get; }

    /// <summary>
    /// An area that has had an anonymous page merges into a neighbour that has had none, unless a fork copied it (6.16, 879bca0a2c4f,
    /// <c>is_mergeable_anon_vma</c>).
    /// </summary>
    public bool MergesIntoUntouched { get; }

    /// <summary>
    /// mremap to a fixed address without a change of length moves all areas of the range, and checks all its arguments and the area before
    /// it changes anything (6.17, d23cb648e365, <c>remap_move</c>, <c>check_mremap_params</c>).
    /// </summary>
    public bool MovesManyAreas { get; }

    /// <summary>
    /// mmap over what is mapped takes it away only when nothing can fail any more (6.12, f8d112a4e657, <c>mmap_region</c>); before, commit
    /// accounting is asked after it is gone.
    /// </summary>
    public bool FailedMmapKeepsOld { get; }

    /// <summary>MADV_POPULATE ends at the first hole (6.9, 631426ba1d45, <c>madvise_populate</c>); before, it goes on behind it.</summary>
    public bool PopulatesRangeAsOne { get; }

    /// <summary>
    /// MREMAP_DONTUNMAP of a locked area counts its pages as locked a second time (6.15, d5c8aec0542e, <c>vrm_stat_account</c>), until
    /// <see cref="DontUnmapStaysApart"/>.
    /// </summary>
    public bool DontUnmapCountsLocked { get; }

    /// <summary>
    /// Where there is no page table yet, fault-around maps nothing when the first page it finds is the last of its file: the table is
    /// installed only for what lies before it (6.18, 74207de2ba10, <c>filemap_map_pages</c>).
    /// </summary>
    public bool MapsLastPageAlone { get; }

    /// <summary>
    /// mprotect makes private anonymous pages of one process writable at once also when they are clean, as MADV_FREE leaves them (6.2,
    /// 64fe24a3e05e, <c>can_change_pte_writable</c>); before, only dirty ones.
    /// </summary>
    public bool CleanPagesBecomeWritable { get; }

    /// <summary>The rules of a version.</summary>
    public static MmRules Of(KernelVersion version) => new(version);
}
