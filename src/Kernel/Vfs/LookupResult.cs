namespace Sim.Kernel.Vfs;

/// <summary>How a file was found.</summary>
public enum LookupResult
{
    /// <summary>Its name was in memory.</summary>
    Hit,

    /// <summary>Its inode was.</summary>
    InodeHit,

    /// <summary>Neither was: a file system would have read its directory and inode.</summary>
    Miss,
}
