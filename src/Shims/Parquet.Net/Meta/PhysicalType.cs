namespace Parquet.Meta;

/// <summary>Physical types (parquet.thrift, <c>Type</c>).</summary>
internal enum PhysicalType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Double = 5,
    ByteArray = 6,
}

/// <summary>Which physical type stores which CLR type.</summary>
internal static class PhysicalTypes
{
    public static PhysicalType? Of(Type clrType) =>
        clrType == typeof(bool) ? PhysicalType.Boolean
        : clrType == typeof(int) ? PhysicalType.Int32
        : clrType == typeof(long) ? PhysicalType.Int64
        : clrType == typeof(double) ? PhysicalType.Double
        : clrType == typeof(string) ? PhysicalType.ByteArray
        : null;

    public static Type ClrType(PhysicalType type) => type switch
    {
        PhysicalType.Boolean => typeof(bool),
        PhysicalType.Int32 => typeof(int),
        PhysicalType.Int64 => typeof(long),
        PhysicalType.Double => typeof(double),
        _ => typeof(string),
    };
}
