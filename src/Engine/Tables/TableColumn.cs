namespace Sim.Engine.Tables;

/// <summary>What a column holds. No unsigned, no nullable and no timestamp types: not every reader of Parquet takes them alike.</summary>
public enum ColumnType : byte
{
    /// <summary>A string, UTF-8.</summary>
    Text,

    /// <summary>A signed 32-bit integer.</summary>
    Int32,

    /// <summary>A signed 64-bit integer.</summary>
    Int64,

    /// <summary>A boolean.</summary>
    Bool,

    /// <summary>A 64-bit floating-point number; for ratios alone.</summary>
    Double,
}

/// <summary>One column of a table.</summary>
/// <param name="Name">snake_case, with the unit last where the name does not tell it.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Unit">Its unit; empty when it has none.</param>
/// <param name="Doc">What it means.</param>
/// <param name="Ascending">Its values mostly grow from row to row.</param>
public sealed record TableColumn(string Name, ColumnType Type, string Unit, string Doc, bool Ascending = false);

/// <summary>The columns that tables have in common, first in each and of the same meaning in all.</summary>
public static class CommonColumns
{
    /// <summary><c>run_id</c>: which run.</summary>
    public static TableColumn RunId { get; } =
        new("run_id", ColumnType.Text, "", "The run: hash of configuration, seed and engine version.");

    /// <summary><c>seq</c>: where in the log.</summary>
    public static TableColumn Sequence { get; } =
        new("seq", ColumnType.Int64, "", "Position in the event log, unique in the run; rows are sorted by it.", Ascending: true);

    /// <summary><c>time_ns</c>: when, in whole nanoseconds.</summary>
    public static TableColumn TimeNs { get; } =
        new("time_ns", ColumnType.Int64, "ns", "Simulated time since the start of the run, rounded down.", Ascending: true);

    /// <summary><c>time_ps</c>: when, exactly.</summary>
    public static TableColumn TimePs { get; } =
        new("time_ps", ColumnType.Int64, "ps", "Simulated time since the start of the run, exactly.", Ascending: true);

    /// <summary><c>cpu</c>: which processor.</summary>
    public static TableColumn Cpu { get; } = new("cpu", ColumnType.Int32, "", "Number of the CPU, from 0.");

    /// <summary><c>cause_seq</c>: why.</summary>
    public static TableColumn Cause { get; } =
        new("cause_seq", ColumnType.Int64, "", "seq of the event that brought this one about, in whichever table it is; -1 for none.");
}
