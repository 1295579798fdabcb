using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parquet.Data;
using Parquet.Encodings;
using Parquet.Meta;
using Parquet.Pages;
using Parquet.Schema;

namespace Parquet;

/// <summary>Reads the columns of one row group, in any order.</summary>
public class ParquetRowGroupReader : IDisposable
{
    private readonly Stream _input;
    private readonly ParquetSchema _schema;
    private readonly RowGroupMetaData _group;

    internal ParquetRowGroupReader(Stream input, ParquetSchema schema, RowGroupMetaData group)
    {
        _input = input;
        _schema = schema;
        _group = group;
        foreach (ColumnChunkMetaData column in group.Columns)
        {
            // Callers make room for this many rows.
            if (column.CompressedLength < 0 || column.ValueCount > column.CompressedLength * (Int128)PageLimits.MaxRowsPerByte)
            {
                throw new ParquetException(
                    $"Damaged Parquet metadata: column '{column.ColumnName}' claims {column.ValueCount} rows in {column.CompressedLength} bytes.");
            }

            if (column.Offset < 0 || column.Offset > input.Length || column.CompressedLength > input.Length - column.Offset)
            {
                throw new ParquetException($"Damaged Parquet metadata: column '{column.ColumnName}' lies outside the file.");
            }
        }
    }

    public long RowCount => _group.RowCount;

    /// <summary>Whether the file has the column.</summary>
    public bool ColumnExists(DataField field) => IndexOf(field) >= 0;

    /// <summary>Reads a column without nulls.</summary>
    /// <param name="field">A column of the file.</param>
    /// <param name="values">Room for <see cref="RowCount"/> values.</param>
    /// <param name="repetitionLevels">Must be null: repeated columns are not supported.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="ParquetException">The column is not in the file, or its bytes are damaged.</exception>
    /// <exception cref="ArgumentException">The type is not the column's, the column is OPTIONAL, or there is too little room.</exception>
    public async ValueTask ReadAsync<T>(
        DataField field, Memory<T> values, Memory<int>? repetitionLevels = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        DataField stored = Check(field, typeof(T), values.Length, repetitionLevels);
        if (stored.IsNullable)
        {
            throw new ArgumentException($"Column '{stored.Name}' is optional; read it into Memory<{typeof(T).Name}?>.", nameof(values));
        }

        ChunkReader chunk = await OpenAsync(stored, cancellationToken).ConfigureAwait(false);
        Decode(stored, chunk, values.Span[..(int)RowCount], []);
    }

    /// <summary>Reads a column that may have nulls.</summary>
    /// <inheritdoc cref="ReadAsync{T}(DataField, Memory{T}, Memory{int}?, CancellationToken)"/>
    public async ValueTask ReadAsync<T>(
        DataField field, Memory<T?> values, Memory<int>? repetitionLevels = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        DataField stored = Check(field, typeof(T), values.Length, repetitionLevels);
        ChunkReader chunk = await OpenAsync(stored, cancellationToken).ConfigureAwait(false);
        T[] defined = new T[RowCount];
        int[] levels = Levels(stored);
        Decode(stored, chunk, defined.AsSpan(), levels);
        int next = 0;
        for (int i = 0; i < RowCount; i++)
        {
            values.Span[i] = levels.Length == 0 || levels[i] != 0 ? defined[next++] : null;
        }
    }

    /// <summary>Reads a column of strings; rows without value give null.</summary>
    /// <inheritdoc cref="ReadAsync{T}(DataField, Memory{T}, Memory{int}?, CancellationToken)"/>
    public async ValueTask ReadAsync(
        DataField field, Memory<string?> values, Memory<int>? repetitionLevels = null, CancellationToken cancellationToken = default)
    {
        DataField stored = Check(field, typeof(string), values.Length, repetitionLevels);
        ChunkReader chunk = await OpenAsync(stored, cancellationToken).ConfigureAwait(false);
        int[] levels = Levels(stored);
        int next = ColumnDecoder.Decode(chunk, values.Span[..(int)RowCount], levels);

        // Values lie at the front; spread them over their rows from the end.
        for (int i = levels.Length - 1; i >= 0; i--)
        {
            values.Span[i] = levels[i] != 0 ? values.Span[--next] : null;
        }
    }

    /// <summary>Metadata of the column chunk.</summary>
    /// <exception cref="ParquetException">The column is not in the file.</exception>
    public Dictionary<string, string> GetCustomMetadata(DataField field) =>
        Find(field).CustomMetadata is { } metadata ? new Dictionary<string, string>(metadata) : [];

    /// <summary>Statistics of the column in this row group, as far as the file states them.</summary>
    /// <exception cref="ParquetException">The column is not in the file, or a bound has the wrong size.</exception>
    public DataColumnStatistics? GetStatistics(DataField field)
    {
        ColumnChunkMetaData column = Find(field);
        ColumnStatistics statistics = column.Statistics;
        return new DataColumnStatistics(
            statistics.NullCount, statistics.DistinctCount, Bound(column, statistics.MinValue), Bound(column, statistics.MaxValue));
    }

    /// <summary>Does nothing: the file belongs to the <see cref="ParquetReader"/>.</summary>
    public void Dispose() => GC.SuppressFinalize(this);

    private static object? Bound(ColumnChunkMetaData column, byte[]? bytes) => bytes is null ? null : BoundValue.Decode(column, bytes);

    private static void Decode<T>(DataField field, ChunkReader chunk, Span<T> values, Span<int> levels)
        where T : struct
    {
        _ = field.PhysicalType switch
        {
            PhysicalType.Boolean => ColumnDecoder.Decode(chunk, Reinterpret<T, bool>(values), levels),
            PhysicalType.Int32 => ColumnDecoder.Decode(chunk, Reinterpret<T, int>(values), levels),
            PhysicalType.Int64 => ColumnDecoder.Decode(chunk, Reinterpret<T, long>(values), levels),
            _ => ColumnDecoder.Decode(chunk, Reinterpret<T, double>(values), levels),
        };
    }

    /// <summary>The same values by the type they have been found to have.</summary>
    private static Span<TTo> Reinterpret<T, TTo>(Span<T> values)
        where T : struct
        where TTo : struct =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<T, TTo>(ref MemoryMarshal.GetReference(values)), values.Length);

    private int[] Levels(DataField field) => field.IsNullable ? new int[RowCount] : [];

    private DataField Check(DataField field, Type type, int length, Memory<int>? repetitionLevels)
    {
        int index = IndexOf(field);
        if (index < 0)
        {
            throw new ParquetException($"The file has no column '{field.Path}'.");
        }

        DataField stored = (DataField)_schema[index];
        if (stored.ClrType != type)
        {
            throw new ArgumentException($"Column '{stored.Name}' has type {stored.ClrType}, not {type}.", nameof(field));
        }

        if (length < RowCount)
        {
            throw new ArgumentException($"Column '{stored.Name}' has {RowCount} rows, the buffer room for {length}.");
        }

        return repetitionLevels is null
            ? stored
            : throw new NotSupportedException($"Column '{stored.Name}': repetition levels are not supported.");
    }

    private async Task<ChunkReader> OpenAsync(DataField field, CancellationToken cancellationToken)
    {
        ColumnChunkMetaData column = Find(field);
        byte[] bytes = await StreamBytes.ReadAsync(_input, column.Offset, column.CompressedLength, cancellationToken).ConfigureAwait(false);
        return new ChunkReader(bytes, column, field.IsNullable);
    }

    private ColumnChunkMetaData Find(DataField field)
    {
        int index = IndexOf(field);
        return index >= 0 ? _group.Columns[index] : throw new ParquetException($"The file has no column '{field.Path}'.");
    }

    private int IndexOf(DataField field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Array.FindIndex(_group.Columns, column => column.ColumnName == field.Name);
    }
}
