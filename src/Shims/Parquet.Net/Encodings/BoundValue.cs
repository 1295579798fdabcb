using System.Buffers.Binary;
using System.Text;
using Parquet.Meta;

namespace Parquet.Encodings;

/// <summary>Least and greatest values as statistics store them.</summary>
internal static class BoundValue
{
    /// <exception cref="ParquetException">The bytes are not as many as the column's type has.</exception>
    public static object Decode(ColumnChunkMetaData column, byte[] bytes)
    {
        int length = column.Type switch
        {
            PhysicalType.Boolean => sizeof(bool),
            PhysicalType.Int32 => sizeof(int),
            PhysicalType.Int64 => sizeof(long),
            PhysicalType.Double => sizeof(double),
            _ => bytes.Length,
        };
        if (bytes.Length != length)
        {
            throw new ParquetException($"Damaged Parquet metadata: a bound of column '{column.ColumnName}' has {bytes.Length} bytes, expected {length}.");
        }

        return column.Type switch
        {
            PhysicalType.Boolean => bytes[0] != 0,
            PhysicalType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            PhysicalType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            PhysicalType.Double => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            _ => Encoding.UTF8.GetString(bytes),
        };
    }
}
