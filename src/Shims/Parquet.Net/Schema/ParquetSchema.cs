namespace Parquet.Schema;

/// <summary>The columns of a file, in order.</summary>
public class ParquetSchema : IEquatable<ParquetSchema>
{
    private readonly DataField[] _fields;

    /// <exception cref="ArgumentException">There is no field.</exception>
    /// <exception cref="NotSupportedException">A field is not a <see cref="DataField"/>.</exception>
    public ParquetSchema(IEnumerable<Field> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        _fields = [.. fields.Select(field => field as DataField
            ?? throw new NotSupportedException($"Field '{field?.Name}' is nested; only columns (DataField) are supported."))];
        if (_fields.Length == 0)
        {
            throw new ArgumentException("A schema needs at least one field.", nameof(fields));
        }
    }

    public ParquetSchema(params Field[] fields)
        : this((IEnumerable<Field>)fields)
    {
    }

    public IReadOnlyList<Field> Fields => _fields;

    public DataField[] DataFields => GetDataFields();

    public Field this[int i] => _fields[i];

    public DataField[] GetDataFields() => [.. _fields];

    /// <exception cref="ArgumentException">The schema has no such column.</exception>
    public DataField FindDataField(string path) =>
        Array.Find(_fields, field => field.Path.ToString() == path)
        ?? throw new ArgumentException($"The schema has no column '{path}'.", nameof(path));

    /// <inheritdoc cref="FindDataField(string)"/>
    public DataField FindDataField(FieldPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return FindDataField(path.ToString());
    }

    public bool Equals(ParquetSchema? other) => other is not null && _fields.AsSpan().SequenceEqual(other._fields);

    public override bool Equals(object? obj) => Equals(obj as ParquetSchema);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (DataField field in _fields)
        {
            hash.Add(field);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(", ", _fields.Select(field => field.ToString()));
}
