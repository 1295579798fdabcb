using System.Text;

namespace Parquet.Meta;

/// <summary>Thrift's compact protocol. Fields of a struct are written in the order of their ids.</summary>
internal sealed class ThriftWriter(ByteBuffer output)
{
    private readonly Stack<short> _outerFields = new();
    private short _lastField;

    public void BeginStruct()
    {
        _outerFields.Push(_lastField);
        _lastField = 0;
    }

    public void EndStruct()
    {
        output.Write((byte)ThriftType.Stop);
        _lastField = _outerFields.Pop();
    }

    public void BeginStruct(short field)
    {
        Field(field, ThriftType.Struct);
        BeginStruct();
    }

    public void BeginList(short field, ThriftType element, int count)
    {
        Field(field, ThriftType.List);
        if (count < 15)
        {
            output.Write((byte)((count << 4) | (int)element));
            return;
        }

        output.Write((byte)(0xF0 | (int)element));
        output.WriteVarint((uint)count);
    }

    public void Bool(short field, bool value) => Field(field, value ? ThriftType.True : ThriftType.False);

    public void Int16(short field, short value)
    {
        Field(field, ThriftType.Int16);
        output.WriteZigZag(value);
    }

    public void Int32(short field, int value)
    {
        Field(field, ThriftType.Int32);
        output.WriteZigZag(value);
    }

    public void Int64(short field, long value)
    {
        Field(field, ThriftType.Int64);
        output.WriteZigZag(value);
    }

    public void Text(short field, string value)
    {
        Field(field, ThriftType.Binary);
        TextElement(value);
    }

    public void Binary(short field, ReadOnlySpan<byte> value)
    {
        Field(field, ThriftType.Binary);
        output.WriteVarint((uint)value.Length);
        output.Write(value);
    }

    public void Int32Element(int value) => output.WriteZigZag(value);

    public void TextElement(string value)
    {
        output.WriteVarint((uint)Encoding.UTF8.GetByteCount(value));
        int length = Encoding.UTF8.GetBytes(value, output.Reserve(Encoding.UTF8.GetMaxByteCount(value.Length)));
        output.Advance(length);
    }

    private void Field(short field, ThriftType type)
    {
        // Ids ascend in small steps in all structures written here, so the short form always fits.
        output.Write((byte)(((field - _lastField) << 4) | (int)type));
        _lastField = field;
    }
}
