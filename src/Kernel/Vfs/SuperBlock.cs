namespace Sim.Kernel.Vfs;

/// <summary>Names and inodes of one file system in memory (<c>struct super_block</c>). Part of the sourced state.</summary>
internal sealed class SuperBlock
{
    /// <summary>Names.</summary>
    public UnusedList Dentries { get; } = new();

    /// <summary>Inodes.</summary>
    public UnusedList Inodes { get; } = new();

    /// <summary>One of the two.</summary>
    public UnusedList List(bool inodes) => inodes ? Inodes : Dentries;
}
