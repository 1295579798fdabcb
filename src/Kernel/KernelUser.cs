namespace Sim.Kernel;

/// <summary>Users of page frames inside the kernel: the owner of a frame that belongs to no process.</summary>
public static class KernelUser
{
    /// <summary>Pages of files and of shared memory.</summary>
    public const int PageCache = -2;
}
