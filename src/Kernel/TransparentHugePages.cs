namespace Sim.Kernel;

/// <summary>When processes get huge pages without asking by file (<c>transparent_hugepage=</c> on the kernel's command line).</summary>
public enum TransparentHugePages : byte
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>Where a process asks with madvise.</summary>
    Madvise,

    /// <summary>Wherever they fit.</summary>
    Always,
}

/// <summary>
/// How hard a page fault tries to get a huge page (<c>/sys/kernel/mm/transparent_hugepage/defrag</c>,
/// <c>vma_thp_gfp_mask</c> in mm/huge_memory.c, Linux 6.1). No area asks with madvise here.
/// </summary>
public enum HugePageDefrag : byte
{
    /// <summary>Compacts and reclaims at once, one round of it.</summary>
    Always,

    /// <summary>Wakes kswapd and kcompactd and goes on with small pages.</summary>
    Defer,

    /// <summary>Takes what is free, unless the area was advised.</summary>
    Madvise,

    /// <summary>Takes what is free.</summary>
    Never,
}
