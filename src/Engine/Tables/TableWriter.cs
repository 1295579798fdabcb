using Parquet;
using Parquet.Schema;

namespace Sim.Engine.Tables;

/// <summary>A file of a table.</summary>
/// <param name="Name">File name.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Bytes">Its length.</param>
public sealed record TablePart(string Name, long Rows, long Bytes);

/// <summary>
/// Writes a table into its folder, row group by row group, column by column: <c>part-00000.parquet</c> and on. Memory
/// does not grow with the table. The bytes depend on schema, origin, options and values alone.
/// </summary>
internal sealed class TableWriter(TableSchema schema, string directory, TableOrigin origin, TableOptions options) : IDisposable
{
    private readonly List<TablePart> _parts = [];
    private readonly DataField[] _fields = schema.ToParquet().DataFields;
    private PartFile? _part;
    private ParquetRowGroupWriter? _group;
    private int _column;

    /// <summary>The files finished so far.</summary>
    public IReadOnlyList<TablePart> Parts => _parts;

    /// <summary>Starts a row group; every column follows, in order.</summary>
    public void BeginRowGroup()
    {
        if (_part is null)
        {
            Directory.CreateDirectory(directory);
            _part = new PartFile(directory, _parts.Count, schema, origin);
        }
        _group = _part.CreateRowGroup();
        _column = 0;
    }

    /// <summary>Writes the next column, of numbers or booleans.</summary>
    public void Write<T>(ReadOnlyMemory<T> values) where T : struct =>
        _group!.WriteAsync(_fields[_column++], values).GetAwaiter().GetResult();

    /// <summary>Writes the next column, of strings.</summary>
    public void Write(ArraySegment<string?> values) =>
        _group!.WriteAsync(_fields[_column++], values).GetAwaiter().GetResult();

    /// <summary>Ends the row group, and the file with it when it is long enough.</summary>
    public void EndRowGroup()
    {
        _group!.CompleteValidate();
        _part!.Rows += _group.RowCount ?? 0;
        _group.Dispose();
        _group = null;
        _part.Measure();
        if (_part.Bytes >= options.PartBytes)
        {
            Complete();
        }
    }

    /// <summary>Finishes the file under way, if there is one.</summary>
    public void Complete()
    {
        if (_part is not null)
        {
            _part.Finish();
            _parts.Add(new TablePart(_part.Name, _part.Rows, _part.Bytes));
            _part = null;
        }
    }

    /// <summary>Gives up the file under way.</summary>
    public void Dispose() => _part?.Dispose();
}
