namespace Sim.Engine.Tables;

/// <summary>
/// A table that is filled value by value: state looked at from time to time during a fold. Keeps at most a row group in
/// memory. Columns are set by number, in any order, before <see cref="EndRow"/>; a column not set keeps its last value.
/// </summary>
public sealed class SampledTable : IDisposable
{
    private readonly TableSchema _schema;
    private readonly TableWriter _writer;
    private readonly Array[] _columns;
    private readonly int _capacity, _sequenceColumn;
    private int _row;
    private long _firstSequence = -1, _lastSequence = -1;

    /// <param name="schema">The table; it has the column <c>seq</c>, and rows come in its order.</param>
    /// <param name="directory">Folder of all tables.</param>
    /// <param name="origin">What the table is made from.</param>
    /// <param name="options">How tables are cut; null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no column <c>seq</c>.</exception>
    public SampledTable(TableSchema schema, string directory, TableOrigin origin, TableOptions? options = null)
    {
        options ??= new TableOptions();
        _schema = schema;
        _capacity = options.RowsPerGroup;
        _writer = new TableWriter(schema, Path.Combine(directory, schema.Name), origin, options);
        _columns = new Array[schema.Columns.Count];
        _sequenceColumn = -1;
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i] = schema.Columns[i].Type switch
            {
                ColumnType.Text => new string[_capacity],
                ColumnType.Int32 => new int[_capacity],
                ColumnType.Int64 => new long[_capacity],
                ColumnType.Bool => new bool[_capacity],
                _ => new double[_capacity],
            };
            _sequenceColumn = schema.Columns[i].Name == CommonColumns.Sequence.Name ? i : _sequenceColumn;
        }
        if (_sequenceColumn < 0)
        {
            throw new ArgumentException($"The table {schema.Name} has no column {CommonColumns.Sequence.Name}.", nameof(schema));
        }
    }

    /// <summary>Sets a column of strings in the row under way.</summary>
    public void Set(int column, string value) => ((string[])_columns[column])[_row] = value;

    /// <inheritdoc cref="Set(int, string)"/>
    public void Set(int column, int value) => ((int[])_columns[column])[_row] = value;

    /// <inheritdoc cref="Set(int, string)"/>
    public void Set(int column, long value) => ((long[])_columns[column])[_row] = value;

    /// <inheritdoc cref="Set(int, string)"/>
    public void Set(int column, bool value) => ((bool[])_columns[column])[_row] = value;

    /// <inheritdoc cref="Set(int, string)"/>
    public void Set(int column, double value) => ((double[])_columns[column])[_row] = value;

    /// <summary>Ends the row.</summary>
    /// <exception cref="IOException">The table cannot be written.</exception>
    public void EndRow()
    {
        int row = _row++;
        _lastSequence = ((long[])_columns[_sequenceColumn])[row];
        _firstSequence = _firstSequence < 0 ? _lastSequence : _firstSequence;
        if (_row == _capacity)
        {
            WriteRowGroup();
        }
        foreach (Array column in _columns)
        {
            Array.Copy(column, row, column, _row, 1);
        }
    }

    /// <summary>Finishes the table; null when it has no rows.</summary>
    /// <exception cref="IOException">The table cannot be written.</exception>
    public TableEntry? Complete()
    {
        if (_row > 0)
        {
            WriteRowGroup();
        }
        _writer.Complete();
        return _writer.Parts.Count == 0 ? null : new TableEntry(_schema.Name, _firstSequence, _lastSequence, _writer.Parts);
    }

    /// <summary>Gives up the file under way.</summary>
    public void Dispose() => _writer.Dispose();

    private void WriteRowGroup()
    {
        _writer.BeginRowGroup();
        foreach (Array column in _columns)
        {
            switch (column)
            {
                case string[] text:
                    _writer.Write(new ArraySegment<string?>(text, 0, _row));
                    break;
                case int[] numbers:
                    _writer.Write<int>(numbers.AsMemory(0, _row));
                    break;
                case long[] numbers:
                    _writer.Write<long>(numbers.AsMemory(0, _row));
                    break;
                case bool[] flags:
                    _writer.Write<bool>(flags.AsMemory(0, _row));
                    break;
                case double[] numbers:
                    _writer.Write<double>(numbers.AsMemory(0, _row));
                    break;
            }
        }
        _writer.EndRowGroup();
        _row = 0;
    }
}
