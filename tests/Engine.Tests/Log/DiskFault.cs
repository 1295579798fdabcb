namespace Sim.Engine.Tests.Log;

/// <summary>What is done with a <see cref="SimulatedDisk"/>.</summary>
public enum DiskOperation
{
    Create, OpenAppend, OpenRead, Append, Sync, Close, Read, Rename, Delete, List, SyncDirectory, Lock,
}

/// <summary>How a disk fails.</summary>
public enum DiskFailure
{
    /// <summary>The power goes, or the process is killed: nothing succeeds any more.</summary>
    Crash,

    /// <summary>EIO.</summary>
    InputOutput,

    /// <summary>ENOSPC: an append writes half of its bytes first.</summary>
    NoSpace,

    /// <summary>EMFILE.</summary>
    TooManyFiles,

    /// <summary>EACCES.</summary>
    AccessDenied,

    /// <summary>A read returns half of the bytes that are there.</summary>
    ShortRead,
}

/// <summary>A failure at one operation.</summary>
/// <param name="Failure">What happens.</param>
/// <param name="At">Number of the operation, from 1; counted among those of <paramref name="Sort"/>.</param>
/// <param name="Sort">The sort of operation that fails; null for any.</param>
/// <param name="IsPersistent">All later ones of the sort fail too.</param>
public sealed record DiskFault(DiskFailure Failure, int At, DiskOperation? Sort = null, bool IsPersistent = false)
{
    /// <summary>The failures that an operation can have, but for a crash.</summary>
    public static IEnumerable<DiskFailure> Of(DiskOperation sort) => sort switch
    {
        DiskOperation.Read => [DiskFailure.InputOutput, DiskFailure.ShortRead],
        DiskOperation.Create or DiskOperation.OpenAppend or DiskOperation.Lock =>
            [DiskFailure.InputOutput, DiskFailure.TooManyFiles, DiskFailure.AccessDenied, DiskFailure.NoSpace],
        DiskOperation.OpenRead or DiskOperation.List => [DiskFailure.InputOutput, DiskFailure.TooManyFiles, DiskFailure.AccessDenied],
        DiskOperation.Append or DiskOperation.Close or DiskOperation.Rename => [DiskFailure.InputOutput, DiskFailure.NoSpace],
        _ => [DiskFailure.InputOutput],
    };
}
