namespace Sim.Host.Comparison;

/// <summary>A setting that two runs do not share.</summary>
/// <param name="Path">As <c>--set</c> takes it; also <c>engineVersion</c>.</param>
/// <param name="Left">JSON of the left run's value; null where it has none.</param>
/// <param name="Right">JSON of the right run's value; null where it has none.</param>
public sealed record SettingDifference(string Path, string? Left, string? Right);

/// <summary>What two runs share, and where they part.</summary>
public sealed record RunDifference
{
    /// <summary>The left run's directory.</summary>
    public required string LeftPath { get; init; }

    /// <summary>The right run's directory.</summary>
    public required string RightPath { get; init; }

    /// <summary>Events compared and found equal before the first that differs; all of them when none does.</summary>
    public required long CommonEvents { get; init; }

    /// <summary>The left log's first event that the right one does not have so, and its causes, nearest first; empty when the runs are equal or the left log ends before.</summary>
    public IReadOnlyList<ShownEvent> Left { get; init; } = [];

    /// <summary>The same of the right log.</summary>
    public IReadOnlyList<ShownEvent> Right { get; init; } = [];

    /// <summary>The last events before the difference, as the left log has them.</summary>
    public IReadOnlyList<ShownEvent> Common { get; init; } = [];

    /// <summary>Settings that differ.</summary>
    public required IReadOnlyList<SettingDifference> Configuration { get; init; }

    /// <summary>What is to be known of the comparison, in sentences.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>True when events were compared over what both logs have, because their catalogues or categories differ.</summary>
    public required bool OverSharedKinds { get; init; }

    /// <summary>True when no event differs.</summary>
    public bool AreEqual => Left.Count == 0 && Right.Count == 0;

    /// <summary>Sequence of the first event that differs, in the left log unless it ends before; null when none does.</summary>
    public long? Sequence => Left.Count > 0 ? Left[0].Sequence : Right.Count > 0 ? Right[0].Sequence : null;
}
