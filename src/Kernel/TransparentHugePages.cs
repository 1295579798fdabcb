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
