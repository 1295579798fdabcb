namespace Sim.Kernel.Replacement;

/// <summary>The references to resident pages, past and to come, by position in the reference string.</summary>
public interface IPageFuture
{
    /// <summary>The present position.</summary>
    long Position { get; }

    /// <summary>Position of a page's next reference; <see cref="long.MaxValue"/> when there is none.</summary>
    /// <param name="page">Its handle.</param>
    long NextUse(int page);

    /// <summary>Position of a page's last reference; -1 when there is none.</summary>
    /// <param name="page">Its handle.</param>
    long LastUse(int page);
}
