using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parquet.Meta;
using Parquet.Pages;
using Parquet.Schema;

namespace Parquet;

/// <summary>Writes the columns of one row group, in schema order and with equal row counts.</summary>
public class ParquetRowGroupWriter : IDisposable
{
    private readonly ParquetWriter _file;
    private readonly DataField[] _fields;
    private readonly List<ColumnChunkMetaData> _columns = [];

    internal ParquetRowGroupWriter(ParquetWriter file)
    {
        _file = file;
        _fields = file.Schema.DataFields;
    }

    /// <summary>Rows of the columns written so far; null before the first.</summary>
    public long? RowCount { get; private set; }

    /// <summary>Whether some but not all columns have been written.</summary>
    internal bool IsUnfinished => _columns.Count > 0 && _columns.Count < _fields.Length;

    /// <summary>Writes a column of <see cref="bool"/>, <see cref="int"/>, <see cref="long"/> or <see cref="double"/> without nulls.</summary>
    /// <param name="field">The next column of the schema.</param>
    /// <param name="values">One value per row.</param>
    /// <param name="repetitionLevels">Must be null: repeated columns are not supported.</param>
    /// <param name="customMetadata">Metadata of the column chunk.</param>
    /// <param name="cancellationToken">Cancels the write; the file is then unusable.</param>
    /// <exception cref="ArgumentException">Another column is due, or the type is not the column's.</exception>
    /// <exception cref="InvalidOperationException">The row count differs from the columns before, or all columns are written.</exception>
    public Task WriteAsync<T>(
        DataField field,
        ReadOnlyMemory<T> values,
        ReadOnlyMemory<int>? repetitionLevels = null,
        Dictionary<string, string>? customMetadata = null,
        CancellationToken cancellationToken = default)
        where T : struct
    {
        Begin(field, typeof(T), values.Length, repetitionLevels);
        return EncodeAndWriteAsync(field, values.Span, new Presence(values.Length, field.IsNullable, []), customMetadata, cancellationToken);
    }

    /// <summary>As the overload without nulls, for an OPTIONAL column.</summary>
    /// <inheritdoc cref="WriteAsync{T}(DataField, ReadOnlyMemory{T}, ReadOnlyMemory{int}?, Dictionary{string, string}?, CancellationToken)"/>
    public async Task WriteAsync<T>(
        DataField field,
        ReadOnlyMemory<T?> values,
        ReadOnlyMemory<int>? repetitionLevels = null,
        Dictionary<string, string>? customMetadata = null,
        CancellationToken cancellationToken = default)
        where T : struct
    {
        Begin(field, typeof(T), values.Length, repetitionLevels);
        T[] defined = ArrayPool<T>.Shared.Rent(values.Length);
        int[] levels = ArrayPool<int>.Shared.Rent(values.Length);
        int count = 0;
        for (int i = 0; i < values.Length; i++)
        {
            T? value = values.Span[i];
            levels[i] = value.HasValue ? 1 : 0;
            if (value.HasValue)
            {
                defined[count++] = value.GetValueOrDefault();
            }
        }

        CheckNulls(field, values.Length - count);
        await EncodeAndWriteAsync<T>(
            field, defined.AsSpan(0, count), new Presence(values.Length, field.IsNullable, levels.AsSpan(0, values.Length)), customMetadata, cancellationToken)
            .ConfigureAwait(false);
        ArrayPool<T>.Shared.Return(defined);
        ArrayPool<int>.Shared.Return(levels);
    }

    /// <summary>Writes a column of strings. Nulls are refused if the column is REQUIRED.</summary>
    /// <inheritdoc cref="WriteAsync{T}(DataField, ReadOnlyMemory{T}, ReadOnlyMemory{int}?, Dictionary{string, string}?, CancellationToken)"/>
    public async Task WriteAsync(DataField field, IReadOnlyCollection<string?> values, ReadOnlyMemory<int>? repetitionLevels = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        int rows = values.Count;
        Begin(field, typeof(string), rows, repetitionLevels);
        string[] defined = ArrayPool<string>.Shared.Rent(rows);
        int[] levels = ArrayPool<int>.Shared.Rent(rows);
        int count = Separate(values, defined, levels.AsSpan(0, rows));
        CheckNulls(field, rows - count);
        var presence = new Presence(rows, field.IsNullable, count == rows ? [] : levels.AsSpan(0, rows));
        ChunkBuilder chunk = _file.Strings.Encode(defined.AsSpan(0, count), presence, _file.Options.DictionaryEncodingThreshold, out ColumnStatistics statistics);
        ArrayPool<string>.Shared.Return(defined, clearArray: true);
        ArrayPool<int>.Shared.Return(levels);
        await WriteChunkAsync(field, chunk, rows, statistics, null, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Checks that every column has been written.</summary>
    /// <exception cref="InvalidOperationException">Columns are missing; the message names them.</exception>
    public void CompleteValidate()
    {
        if (_columns.Count < _fields.Length)
        {
            throw new InvalidOperationException(
                $"The row group has {_columns.Count} of {_fields.Length} columns; missing: {string.Join(", ", _fields.Skip(_columns.Count).Select(field => field.Name))}.");
        }
    }

    /// <summary>Does nothing: a row group is complete with its last column.</summary>
    public void Dispose() => GC.SuppressFinalize(this);

    private static int Separate(IReadOnlyCollection<string?> values, string[] defined, Span<int> levels)
    {
        int count = 0;
        if (values is string?[] or List<string?> or ArraySegment<string?>)
        {
            ReadOnlySpan<string?> rows = values switch
            {
                string?[] array => array,
                List<string?> list => CollectionsMarshal.AsSpan(list),
                _ => (ArraySegment<string?>)values,
            };
            for (int i = 0; i < levels.Length; i++)
            {
                string? value = rows[i];
                levels[i] = value is null ? 0 : 1;
                if (value is not null)
                {
                    defined[count++] = value;
                }
            }

            return count;
        }

        int row = 0;
        foreach (string? value in values)
        {
            levels[row++] = value is null ? 0 : 1;
            if (value is not null)
            {
                defined[count++] = value;
            }
        }

        return count;
    }

    private static void CheckNulls(DataField field, int nulls)
    {
        if (nulls > 0 && !field.IsNullable)
        {
            throw new ArgumentException($"Column '{field.Name}' is required, but {nulls} values are null.");
        }
    }

    private void Begin(DataField field, Type type, int rows, ReadOnlyMemory<int>? repetitionLevels)
    {
        _file.ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(field);
        if (_columns.Count == _fields.Length)
        {
            throw new InvalidOperationException($"Column '{field.Name}': all {_fields.Length} columns of the row group are written already.");
        }

        DataField due = _fields[_columns.Count];
        if (!due.Equals(field) || due.ClrType != type)
        {
            throw new ArgumentException($"Column '{due}' is due, not '{field}' with values of type {type}.", nameof(field));
        }

        if (repetitionLevels is not null)
        {
            throw new NotSupportedException($"Column '{field.Name}': repetition levels are not supported.");
        }

        if (RowCount is long expected && rows != expected)
        {
            throw new InvalidOperationException($"Column '{field.Name}' has {rows} rows, the columns before it {expected}.");
        }
    }

    private Task EncodeAndWriteAsync<T>(
        DataField field, ReadOnlySpan<T> values, Presence presence, Dictionary<string, string>? customMetadata, CancellationToken cancellationToken)
        where T : struct
    {
        EncodingHint hint = _file.Options.HintFor(field);
        ColumnStatistics statistics;
        ChunkBuilder chunk = field.PhysicalType switch
        {
            PhysicalType.Boolean => _file.Numbers.Encode(Reinterpret<T, bool>(values), presence, hint, out statistics),
            PhysicalType.Int32 => _file.Numbers.Encode(Reinterpret<T, int>(values), presence, hint, out statistics),
            PhysicalType.Int64 => _file.Numbers.Encode(Reinterpret<T, long>(values), presence, hint, out statistics),
            _ => _file.Numbers.Encode(Reinterpret<T, double>(values), presence, hint, out statistics),
        };
        return WriteChunkAsync(field, chunk, presence.RowCount, statistics, customMetadata, cancellationToken);
    }

    /// <summary>The same values by the type they have been found to have.</summary>
    private static ReadOnlySpan<TTo> Reinterpret<T, TTo>(ReadOnlySpan<T> values)
        where T : struct
        where TTo : struct =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, TTo>(ref MemoryMarshal.GetReference(values)), values.Length);

    private async Task WriteChunkAsync(
        DataField field,
        ChunkBuilder chunk,
        int rows,
        ColumnStatistics statistics,
        Dictionary<string, string>? customMetadata,
        CancellationToken cancellationToken)
    {
        long start = _file.Position;
        var column = new ColumnChunkMetaData
        {
            Type = field.PhysicalType,
            ColumnName = field.Name,
            Codec = _file.Compressor.Method,
            Encodings = chunk.HasDictionary ? [ValueEncoding.Plain, ValueEncoding.Rle, chunk.Encoding] : [ValueEncoding.Rle, chunk.Encoding],
            ValueCount = rows,
            UncompressedLength = chunk.UncompressedLength,
            CompressedLength = chunk.Length,
            DataPageOffset = start + chunk.DataPageOffset,
            DictionaryPageOffset = chunk.HasDictionary ? start : null,
            Statistics = statistics,
            CustomMetadata = customMetadata is null ? null : new Dictionary<string, string>(customMetadata),
        };
        await _file.WriteAsync(chunk.Bytes, cancellationToken).ConfigureAwait(false);
        RowCount = rows;
        _columns.Add(column);
        if (_columns.Count == _fields.Length)
        {
            _file.Add(new RowGroupMetaData([.. _columns], rows));
        }
    }
}
