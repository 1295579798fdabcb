using Parquet.Schema;

namespace Parquet.Meta;

/// <summary>Parses the schema, which must be flat and of the supported types.</summary>
internal static class SchemaReader
{
    private const int Repeated = 2;
    private const int Optional = 1;

    private struct Element
    {
        public string? Name;
        public int? Type;
        public int Repetition;
        public int Children;
        public int? ConvertedType;
        public bool HasForeignLogicalType;
    }

    public static ParquetSchema Read(ref ThriftReader thrift, ThriftType listType)
    {
        int count = thrift.BeginList(listType, ThriftType.Struct);
        if (count < 2)
        {
            throw new ParquetException("The Parquet file has no columns.");
        }

        Element root = ReadElement(ref thrift);
        List<Field> fields = [];
        for (int i = 1; i < count; i++)
        {
            fields.Add(ToField(ReadElement(ref thrift)));
        }

        return root.Children == fields.Count && root.Type is null
            ? new ParquetSchema(fields)
            : throw new ParquetException($"Damaged Parquet metadata: the schema's root has {root.Children} columns, {fields.Count} follow.");
    }

    private static DataField ToField(in Element element)
    {
        if (string.IsNullOrEmpty(element.Name))
        {
            throw new ParquetException("Damaged Parquet metadata: a column has no name.");
        }

        if (element.Children != 0 || element.Type is null || element.Repetition == Repeated)
        {
            throw new ParquetException($"Column '{element.Name}' is nested or repeated, which is not supported.");
        }

        // Converted types: UTF8 = 0, INT_8 … INT_64 = 15 … 18. Anything else would be read as something it is not.
        var type = (PhysicalType)element.Type.Value;
        bool supported = !element.HasForeignLogicalType && type switch
        {
            PhysicalType.Boolean or PhysicalType.Double => element.ConvertedType is null,
            PhysicalType.Int32 => element.ConvertedType is null or 15 or 16 or 17,
            PhysicalType.Int64 => element.ConvertedType is null or 18,
            PhysicalType.ByteArray => element.ConvertedType is 0,
            _ => false,
        };
        return supported
            ? new DataField(element.Name, PhysicalTypes.ClrType(type), element.Repetition == Optional)
            : throw new ParquetException(
                $"Column '{element.Name}' has a type that is not supported (physical {element.Type}, converted {element.ConvertedType}).");
    }

    private static Element ReadElement(ref ThriftReader thrift)
    {
        Element element = default;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 1:
                    element.Type = thrift.Int32(type);
                    break;
                case 3:
                    element.Repetition = thrift.Int32(type);
                    break;
                case 4:
                    element.Name = thrift.Text(type);
                    break;
                case 5:
                    element.Children = thrift.Int32(type);
                    break;
                case 6:
                    element.ConvertedType = thrift.Int32(type);
                    break;
                case 10:
                    element.HasForeignLogicalType = ReadLogicalType(ref thrift, type);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        return element;
    }

    /// <summary>Whether the union is something else than STRING (1) or INTEGER (10), whose converted types are checked.</summary>
    private static bool ReadLogicalType(ref ThriftReader thrift, ThriftType unionType)
    {
        thrift.Expect(unionType, ThriftType.Struct);
        bool foreign = false;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            foreign |= field is not (1 or 10);
            thrift.Skip(type);
        }

        return foreign;
    }
}
