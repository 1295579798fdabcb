namespace Sim.Kernel.Mm;

/// <summary>
/// When two neighbours may become one area: <c>can_vma_merge_after</c>, <c>can_vma_merge_before</c> and
/// <c>anon_vma_compatible</c> of mm/mmap.c (Linux 6.1).
/// </summary>
public static class AreaMerging
{
    /// <summary>True when pages with these properties may extend an area at its end.</summary>
    public static bool MayFollow(in VmArea before, VmFlags flags, int file, long pgoff, int anonVma) =>
        before.VmFlags == flags && before.VmFile == file && before.VmPgoff + before.Pages == pgoff
        && AnonVmasAgree(before.AnonVma, anonVma);

    /// <summary>True when pages with these properties may extend an area at its start.</summary>
    /// <param name="pgoffEnd">Offset in the object behind the last of the pages.</param>
    public static bool MayPrecede(in VmArea behind, VmFlags flags, int file, long pgoffEnd, int anonVma) =>
        behind.VmFlags == flags && behind.VmFile == file && behind.VmPgoff == pgoffEnd
        && AnonVmasAgree(behind.AnonVma, anonVma);

    /// <summary>True when at least one has no anonymous pages, or both have the same <c>anon_vma</c>.</summary>
    public static bool AnonVmasAgree(int a, int b) => a == 0 || b == 0 || a == b;

    /// <summary>
    /// True when an area that is about to get its first anonymous page may take its neighbour's <c>anon_vma</c>: they
    /// could merge but for their permissions.
    /// </summary>
    public static bool MayShareAnonVma(in VmArea before, in VmArea behind) =>
        before.VmEnd == behind.VmStart && before.VmFile == behind.VmFile
        && ((before.VmFlags ^ behind.VmFlags) & ~VmFlags.Access) == 0
        && behind.VmPgoff == before.VmPgoff + before.Pages;
}
