namespace Parquet.Meta;

/// <summary>Writes and parses page headers (parquet.thrift, <c>PageHeader</c>).</summary>
internal static class PageHeaderCodec
{
    public static void Write(ByteBuffer output, in PageHeader header)
    {
        var thrift = new ThriftWriter(output);
        thrift.BeginStruct();
        thrift.Int32(1, (int)header.Type);
        thrift.Int32(2, header.UncompressedLength);
        thrift.Int32(3, header.CompressedLength);
        if (header.Checksum is int checksum)
        {
            thrift.Int32(4, checksum);
        }

        thrift.BeginStruct((short)(header.Type == PageType.Dictionary ? 7 : 5));
        thrift.Int32(1, header.ValueCount);
        thrift.Int32(2, (int)header.Encoding);
        if (header.Type == PageType.Data)
        {
            thrift.Int32(3, (int)ValueEncoding.Rle);
            thrift.Int32(4, (int)ValueEncoding.Rle);
        }

        thrift.EndStruct();
        thrift.EndStruct();
    }

    /// <summary>Parses the header at the start of <paramref name="input"/>; <paramref name="length"/> is its size in bytes.</summary>
    /// <exception cref="ParquetException">The header is damaged.</exception>
    public static PageHeader Read(ReadOnlySpan<byte> input, out int length)
    {
        var thrift = new ThriftReader(input);
        PageHeader header = default;
        bool hasType = false;
        bool hasContents = false;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 1:
                    header.Type = (PageType)thrift.Int32(type);
                    hasType = true;
                    break;
                case 2:
                    header.UncompressedLength = thrift.Int32(type);
                    break;
                case 3:
                    header.CompressedLength = thrift.Int32(type);
                    break;
                case 4:
                    header.Checksum = thrift.Int32(type);
                    break;
                case 5 or 7:
                    thrift.Expect(type, ThriftType.Struct);
                    ReadContents(ref thrift, ref header);
                    hasContents = true;
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        bool readable = header.Type is PageType.Data or PageType.Dictionary;
        if (!hasType || header.UncompressedLength < 0 || header.CompressedLength < 0 || header.ValueCount < 0 || (readable && !hasContents))
        {
            throw new ParquetException("Damaged Parquet page header.");
        }

        length = thrift.Position;
        return header;
    }

    private static void ReadContents(ref ThriftReader thrift, ref PageHeader header)
    {
        header.ValueCount = -1;
        for (short field = 0; thrift.NextField(ref field, out ThriftType type);)
        {
            switch (field)
            {
                case 1:
                    header.ValueCount = thrift.Int32(type);
                    break;
                case 2:
                    header.Encoding = (ValueEncoding)thrift.Int32(type);
                    break;
                case 3 when type == ThriftType.Int32:
                    header.DefinitionLevelEncoding = (ValueEncoding)thrift.Int32(type);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }
    }
}
