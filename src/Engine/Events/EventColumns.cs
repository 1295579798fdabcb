namespace Sim.Engine.Events;

/// <summary>
/// Columns of one kind of event, filled row by row and emptied by an exporter: one <c>long[]</c>, <c>int[]</c> or
/// <c>bool[]</c> per column, in the order of <see cref="FieldDescriptor"/> (an address takes a vpn and an offset column).
/// </summary>
public sealed class EventColumns
{
    private readonly Array[] _columns;

    /// <param name="descriptor">The event.</param>
    /// <param name="capacity">Rows before the columns must be emptied.</param>
    public EventColumns(EventDescriptor descriptor, int capacity)
    {
        Capacity = capacity;
        var columns = new List<Array>();
        foreach (FieldDescriptor field in descriptor.Fields)
        {
            switch (field.Type)
            {
                case FieldType.Int64:
                    columns.Add(new long[capacity]);
                    break;
                case FieldType.Bool:
                    columns.Add(new bool[capacity]);
                    break;
                case FieldType.Address:
                    columns.Add(new long[capacity]);
                    columns.Add(new int[capacity]);
                    break;
                default:
                    columns.Add(new int[capacity]);
                    break;
            }
        }
        _columns = [.. columns];
        Int64 = Array.ConvertAll(_columns, c => c as long[] ?? []);
        Int32 = Array.ConvertAll(_columns, c => c as int[] ?? []);
        Bool = Array.ConvertAll(_columns, c => c as bool[] ?? []);
    }

    /// <summary>Rows the columns hold.</summary>
    public int Capacity { get; }

    /// <summary>The row being written; equals the number of complete rows.</summary>
    public int Row { get; set; }

    /// <summary>The <c>long</c> columns by column index; empty at other indexes.</summary>
    public long[][] Int64 { get; }

    /// <summary>The <c>int</c> columns (numbers, enum values, symbol ids, page offsets) by column index.</summary>
    public int[][] Int32 { get; }

    /// <summary>The boolean columns by column index.</summary>
    public bool[][] Bool { get; }
}
