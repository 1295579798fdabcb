namespace Sim.Engine.Tables;

/// <summary>How tables are cut into row groups and files.</summary>
public sealed record TableOptions
{
    /// <summary>Rows of a row group: the unit that readers skip by and share out to threads.</summary>
    public int RowsPerGroup { get; init; } = 131_072;

    /// <summary>A file that has at least this many bytes after a row group is finished, and the next one begun.</summary>
    public long PartBytes { get; init; } = 1L << 30;
}
