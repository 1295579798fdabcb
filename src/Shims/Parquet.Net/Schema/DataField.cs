using Parquet.Meta;

namespace Parquet.Schema;

/// <summary>A column. Its CLR type is <see cref="bool"/>, <see cref="int"/>, <see cref="long"/>, <see cref="double"/> or <see cref="string"/>.</summary>
public class DataField : Field
{
    /// <param name="name">Column name.</param>
    /// <param name="clrType">One of the supported types, or <see cref="Nullable{T}"/> of a value type among them.</param>
    /// <param name="isNullable">OPTIONAL (true) or REQUIRED (false); by default strings and nullable value types are OPTIONAL.</param>
    /// <exception cref="NotSupportedException">The type is not supported.</exception>
    public DataField(string name, Type clrType, bool? isNullable = null)
        : base(name, SchemaType.Data)
    {
        ArgumentNullException.ThrowIfNull(clrType);
        Type? underlying = Nullable.GetUnderlyingType(clrType);
        ClrType = underlying ?? clrType;
        PhysicalType = PhysicalTypes.Of(ClrType)
            ?? throw new NotSupportedException($"Column '{name}': type {clrType} is not supported; use bool, int, long, double or string.");
        IsNullable = isNullable ?? (underlying is not null || clrType == typeof(string));
    }

    /// <summary>Type of the values, without <see cref="Nullable{T}"/>.</summary>
    public Type ClrType { get; }

    /// <summary>Always false: repeated fields are not supported.</summary>
    public bool IsArray => false;

    internal PhysicalType PhysicalType { get; }

    public override bool Equals(object? obj) =>
        obj is DataField other && Path.Equals(other.Path) && ClrType == other.ClrType && IsNullable == other.IsNullable;

    public override int GetHashCode() => Path.GetHashCode();

    public override string ToString() => $"{Path} ({ClrType}{(IsNullable ? "?" : string.Empty)})";
}

/// <summary>A column of values of type <typeparamref name="T"/>.</summary>
public class DataField<T> : DataField
{
    public DataField(string name, bool? nullable = null)
        : base(name, typeof(T), nullable)
    {
    }
}
