using System.Runtime.CompilerServices;
using Sim.Engine.Events;

namespace Sim.Engine.Tables;

/// <summary>The rows of one kind of event on their way to its table: columns in memory, at most a row group of them.</summary>
internal sealed class EventTable : IDisposable
{
    private const int FirstCapacity = 1024;

    private readonly EventDescriptor _descriptor;
    private readonly EventTableSchema _schema;
    private readonly TableWriter _writer;
    private readonly string _runId;
    private readonly SymbolTable _symbols;
    private readonly TableScratch _scratch;
    private readonly int _rowsPerGroup;
    private EventColumns _columns;
    private long[] _sequences, _times, _causes;
    private long _firstSequence = -1, _lastSequence = -1;

    public EventTable(EventDescriptor descriptor, string directory, TableOrigin origin, TableOptions options, SymbolTable symbols, TableScratch scratch)
    {
        _descriptor = descriptor;
        _schema = EventTableSchema.Of(descriptor);
        _writer = new TableWriter(_schema.Schema, Path.Combine(directory, _schema.Schema.Name), origin, options);
        _runId = origin.Run.RunId;
        _symbols = symbols;
        _scratch = scratch;
        _rowsPerGroup = options.RowsPerGroup;
        int capacity = Math.Min(FirstCapacity, _rowsPerGroup);
        _columns = new EventColumns(descriptor, capacity);
        _sequences = new long[capacity];
        _times = new long[capacity];
        _causes = new long[capacity];
    }

    /// <summary>The table's files.</summary>
    public IReadOnlyList<TablePart> Parts => _writer.Parts;

    /// <summary>What the manifest says of the table.</summary>
    public TableEntry Entry => new(_schema.Schema.Name, _firstSequence, _lastSequence, _writer.Parts);

    /// <summary>Begins a row; whoever decodes the event's fields into the columns completes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EventColumns BeginRow(in EventHeader header)
    {
        int row = _columns.Row;
        if (row == _sequences.Length)
        {
            row = MakeRoom();
        }
        _sequences[row] = header.Sequence;
        _times[row] = header.TimePs;
        _causes[row] = header.Cause;
        return _columns;
    }

    /// <summary>Writes what is left and finishes the last file.</summary>
    public void Complete()
    {
        if (_columns.Row > 0)
        {
            WriteRowGroup();
        }
        _writer.Complete();
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>Grows the columns up to a row group, then empties them; returns the next row.</summary>
    private int MakeRoom()
    {
        if (_columns.Row == _rowsPerGroup)
        {
            WriteRowGroup();
            return 0;
        }
        int rows = _columns.Row;
        int capacity = Math.Min(rows * 4, _rowsPerGroup);
        Array.Resize(ref _sequences, capacity);
        Array.Resize(ref _times, capacity);
        Array.Resize(ref _causes, capacity);
        EventColumns old = _columns;
        _columns = new EventColumns(_descriptor, capacity) { Row = rows };
        for (int i = 0; i < old.Int64.Length; i++)
        {
            old.Int64[i].CopyTo(_columns.Int64[i], 0);
            old.Int32[i].CopyTo(_columns.Int32[i], 0);
            old.Bool[i].CopyTo(_columns.Bool[i], 0);
        }
        return rows;
    }

    private void WriteRowGroup()
    {
        int rows = _columns.Row;
        if (_firstSequence < 0)
        {
            _firstSequence = _sequences[0];
        }
        _lastSequence = _sequences[rows - 1];
        _writer.BeginRowGroup();
        foreach (ColumnPlan plan in _schema.Plans)
        {
            WriteColumn(in plan, rows);
        }
        _writer.EndRowGroup();
        _columns.Row = 0;
    }

    private void WriteColumn(in ColumnPlan plan, int rows)
    {
        switch (plan.Source)
        {
            case ColumnSource.RunId:
                _writer.Write(_scratch.Repeat(_runId, rows));
                break;
            case ColumnSource.Sequence:
                _writer.Write<long>(_sequences.AsMemory(0, rows));
                break;
            case ColumnSource.TimeNs:
                _writer.Write(_scratch.Nanoseconds(_times.AsSpan(0, rows)));
                break;
            case ColumnSource.TimePs:
                _writer.Write<long>(_times.AsMemory(0, rows));
                break;
            case ColumnSource.Cause:
                _writer.Write<long>(_causes.AsMemory(0, rows));
                break;
            case ColumnSource.EnumName:
                _writer.Write(_scratch.EnumNames(_columns.Int32[plan.Index].AsSpan(0, rows), plan.Field!));
                break;
            case ColumnSource.SymbolName:
                _writer.Write(_scratch.SymbolNames(_columns.Int32[plan.Index].AsSpan(0, rows), _symbols));
                break;
            default:
                WriteNumbers(in plan, rows);
                break;
        }
    }

    private void WriteNumbers(in ColumnPlan plan, int rows)
    {
        switch (plan.Type)
        {
            case ColumnType.Int64:
                _writer.Write<long>(_columns.Int64[plan.Index].AsMemory(0, rows));
                break;
            case ColumnType.Bool:
                _writer.Write<bool>(_columns.Bool[plan.Index].AsMemory(0, rows));
                break;
            default:
                _writer.Write<int>(_columns.Int32[plan.Index].AsMemory(0, rows));
                break;
        }
    }
}
