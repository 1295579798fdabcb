namespace Sim.Kernel.Replacement;

/// <summary>What hardware and timer let a kernel know of its pages.</summary>
public interface IPageActivity
{
    /// <summary>Virtual time: the work done so far, in the unit of <see cref="ReplacementSettings.Window"/>.</summary>
    long Now { get; }

    /// <summary>
    /// Changes, 0 or more, before a page is referenced or written to and before writing ends. As long as it is the same, bits that were cleared
    /// stay clear, and what was asked need not be asked again.
    /// </summary>
    long Moment { get; }

    /// <summary>Reads and clears a page's accessed bit, in all entries that map it.</summary>
    /// <param name="page">Its handle.</param>
    /// <returns>Whether it was referenced since the bit was cleared last.</returns>
    bool TestAndClearAccessed(int page);

    /// <summary>Whether a page must be written before its frame can be used again.</summary>
    /// <param name="page">Its handle.</param>
    bool IsDirty(int page);

    /// <summary>Has a dirty page written; it is clean some time later.</summary>
    /// <param name="page">Its handle.</param>
    void StartWriting(int page);
}
