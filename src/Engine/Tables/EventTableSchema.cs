using Sim.Engine.Events;

namespace Sim.Engine.Tables;

/// <summary>Where the values of a column of an event's table come from.</summary>
internal enum ColumnSource : byte
{
    RunId,
    Sequence,
    TimeNs,
    TimePs,
    Cause,

    /// <summary>A column of numbers or booleans of <see cref="EventColumns"/>, as it is.</summary>
    Numbers,

    /// <summary>Values of an enum, by name.</summary>
    EnumName,

    /// <summary>Ids of symbols, by string.</summary>
    SymbolName,
}

/// <summary>How a column is filled.</summary>
/// <param name="Source">From where.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Index">Column of <see cref="EventColumns"/>; -1 for the columns all events have.</param>
/// <param name="Field">The field; null for the columns all events have.</param>
internal readonly record struct ColumnPlan(ColumnSource Source, ColumnType Type, int Index, FieldDescriptor? Field);

/// <summary>The table of one kind of event, from its catalogue entry.</summary>
internal sealed class EventTableSchema
{
    private readonly List<TableColumn> _columns = [];
    private readonly List<ColumnPlan> _plans = [];

    private EventTableSchema(EventDescriptor e)
    {
        Add(CommonColumns.RunId, ColumnSource.RunId);
        Add(CommonColumns.Sequence, ColumnSource.Sequence);
        Add(CommonColumns.TimeNs, ColumnSource.TimeNs);
        // An event's own CPU stands where readers look for it in every table.
        int index = 0;
        foreach (FieldDescriptor field in e.Fields)
        {
            if (IsCpu(field))
            {
                Add(CommonColumns.Cpu with { Doc = field.Doc }, ColumnSource.Numbers, index, field);
            }
            index += ColumnsOf(field);
        }
        Add(CommonColumns.Cause, ColumnSource.Cause);
        Add(CommonColumns.TimePs, ColumnSource.TimePs);
        index = 0;
        foreach (FieldDescriptor field in e.Fields)
        {
            if (!IsCpu(field))
            {
                Add(field, index, isNamed: e.Kind != SymbolEvent.Kind);
            }
            index += ColumnsOf(field);
        }
        Schema = new TableSchema(NameOf(e), e.Doc, _columns);
    }

    /// <summary>The schema.</summary>
    public TableSchema Schema { get; }

    /// <summary>How each column is filled, in order.</summary>
    public IReadOnlyList<ColumnPlan> Plans => _plans;

    /// <summary>The table of a kind of event.</summary>
    /// <exception cref="ArgumentException">A field's column has a name that another has.</exception>
    public static EventTableSchema Of(EventDescriptor e) => new(e);

    /// <summary>A table's name: the event's, with an underscore for the dot.</summary>
    public static string NameOf(EventDescriptor e) => e.Name.Replace('.', '_');

    private static bool IsCpu(FieldDescriptor field) => field.Column == CommonColumns.Cpu.Name && field.Type == FieldType.Int32;

    private static int ColumnsOf(FieldDescriptor field) => field.Type == FieldType.Address ? 2 : 1;

    private void Add(FieldDescriptor field, int index, bool isNamed)
    {
        var column = new TableColumn(field.Column, ColumnType.Int32, field.Unit, field.Doc);
        switch (field.Type)
        {
            case FieldType.Int64:
                Add(column with { Type = ColumnType.Int64 }, ColumnSource.Numbers, index, field);
                break;
            case FieldType.Bool:
                Add(column with { Type = ColumnType.Bool }, ColumnSource.Numbers, index, field);
                break;
            case FieldType.Enum:
                Add(column with { Type = ColumnType.Text }, ColumnSource.EnumName, index, field);
                break;
            case FieldType.Address:
                Add(new(field.Column + "_vpn", ColumnType.Int64, "vpn", field.Doc + " Address shifted right by 12."), ColumnSource.Numbers, index, field);
                Add(new(field.Column + "_page_offset", ColumnType.Int32, "bytes", field.Doc + " Low 12 bits of the address."), ColumnSource.Numbers, index + 1, field);
                break;
            case FieldType.Symbol:
                Add(column with { Type = ColumnType.Text }, ColumnSource.SymbolName, index, field);
                if (isNamed)
                {
                    Add(column with { Name = field.Column + "_id", Doc = field.Doc + " The id in the log." }, ColumnSource.Numbers, index, field);
                }
                break;
            default:
                Add(column, ColumnSource.Numbers, index, field);
                break;
        }
    }

    private void Add(TableColumn column, ColumnSource source, int index = -1, FieldDescriptor? field = null)
    {
        _columns.Add(column);
        _plans.Add(new ColumnPlan(source, column.Type, index, field));
    }
}
