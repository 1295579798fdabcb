namespace Sim.Kernel.Replacement;

/// <summary>A policy as people choose it.</summary>
/// <param name="Name">What it is called on the command line and in results.</param>
/// <param name="Summary">What it does, and who described it.</param>
/// <param name="Create">Makes one.</param>
public sealed record PolicyDescription(string Name, string Summary, Func<ReplacementSettings, IReplacementPolicy> Create)
{
    /// <summary>Other names that people know it by.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>It sees every reference, or the future: no kernel could run it.</summary>
    public bool Oracle { get; init; }

    /// <summary>It needs <see cref="ReplacementSettings.Future"/>.</summary>
    public bool NeedsFuture { get; init; }

    /// <summary>
    /// The reference that faults leaves the accessed bit set, as a kernel's fault handler does that maps a page young. The textbook
    /// policies count references after the one that loaded the page.
    /// </summary>
    public bool FaultSetsAccessed { get; init; }
}
