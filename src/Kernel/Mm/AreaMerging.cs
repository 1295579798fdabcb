namespace Sim.Kernel.Mm;

/// <summary>
/// When two neighbours may become one area: <c>can_vma_merge_after</c>, <c>can_vma_merge_before</c>,
/// <c>is_mergeable_anon_vma</c> and <c>anon_vma_compatible</c> of mm/mmap.c (Linux 6.1; mm/vma.c later).
/// </summary>
/// <param name="rules">What the version of Linux does.</param>
public sealed class AreaMerging(MmRules rules)
{
    /// <summary>True when pages with these properties may extend an area at its end.</summary>
    public bool MayFollow(in VmArea before, VmFlags flags, int file, long pgoff, int anonVma, int anonChain = 0) =>
        Alike(in before, flags, file) && before.VmPgoff + before.Pages == pgoff && AnonVmasAgree(anonVma, anonChain, in before);

    /// <summary>True when pages with these properties may extend an area at its start.</summary>
    /// <param name="behind">The area.</param>
    /// <param name="flags">Flags of the pages.</param>
    /// <param name="file">Their object.</param>
    /// <param name="pgoffEnd">Offset in the object behind the last of the pages.</param>
    /// <param name="anonVma">Their <c>anon_vma</c>.</param>
    /// <param name="anonChain">Length of their chain, when they have an area already.</param>
    public bool MayPrecede(in VmArea behind, VmFlags flags, int file, long pgoffEnd, int anonVma, int anonChain = 0) =>
        Alike(in behind, flags, file) && behind.VmPgoff == pgoffEnd && AnonVmasAgree(anonVma, anonChain, in behind);

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

    /// <summary>
    /// The rule of the singular chain: where one has no <c>anon_vma</c>, the area must have exactly one, that of its own process. So
    /// an area that has had a page does not merge into one that has had none, but the other way round. Later versions look at the chain
    /// of the one that has a page (<see cref="MmRules.MergesIntoUntouched"/>).
    /// </summary>
    private bool AnonVmasAgree(int anonVma, int anonChain, in VmArea area) =>
        anonVma == area.AnonVma
        || (anonVma == 0 && area.AnonChain == 1)
        || (area.AnonVma == 0 && (rules.MergesIntoUntouched ? anonChain <= 1 : area.AnonChain == 1));

    private static bool Alike(in VmArea area, VmFlags flags, int file) =>
        area.VmFlags == flags && area.VmFile == file && (flags & VmFlags.Special) == 0;
}
