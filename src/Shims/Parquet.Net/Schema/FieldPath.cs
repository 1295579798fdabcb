namespace Parquet.Schema;

/// <summary>Path of a field from the schema's root. In a flat schema it has one part, the column's name.</summary>
public sealed class FieldPath : IEquatable<FieldPath>
{
    private readonly string[] _parts;

    public FieldPath(string firstPart)
    {
        ArgumentNullException.ThrowIfNull(firstPart);
        _parts = [firstPart];
    }

    public FieldPath(IEnumerable<string> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _parts = [.. parts];
    }

    public int Length => _parts.Length;

    public string? FirstPart => _parts.Length == 0 ? null : _parts[0];

    public string this[int i] => _parts[i];

    public bool Equals(FieldPath? other) => other is not null && _parts.AsSpan().SequenceEqual(other._parts);

    public override bool Equals(object? obj) => Equals(obj as FieldPath);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (string part in _parts)
        {
            hash.Add(part);
        }

        return hash.ToHashCode();
    }

    /// <summary>The parts joined by '/'.</summary>
    public override string ToString() => string.Join('/', _parts);
}
