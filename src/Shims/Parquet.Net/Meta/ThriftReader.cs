using System.Text;

namespace Parquet.Meta;

/// <summary>
/// Reader of Thrift's compact protocol over bytes that may be anything: no length is believed beyond the bytes at hand,
/// nesting is bounded, and every failure is a <see cref="ParquetException"/>.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> input)
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> _input = input;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    private readonly int Remaining => _input.Length - Position;

    /// <summary>Reads the next field's header; false at the struct's end. Start with <paramref name="field"/> = 0.</summary>
    public bool NextField(ref short field, out ThriftType type)
    {
        byte header = NextByte();
        type = (ThriftType)(header & 0x0F);
        if (type == ThriftType.Stop)
        {
            return false;
        }

        int step = header >> 4;
        long id = step == 0 ? ReadZigZag() : field + step;
        field = id is >= 0 and <= short.MaxValue ? (short)id : throw Damaged($"field id {id} is out of range");
        return true;
    }

    public readonly void Expect(ThriftType actual, ThriftType expected)
    {
        if (actual != expected)
        {
            throw Damaged($"a field has type {actual}, expected {expected}");
        }
    }

    public static bool Bool(ThriftType type) => type == ThriftType.True
        || (type == ThriftType.False ? false : throw new ParquetException("Damaged Parquet metadata: a flag is not a boolean."));

    public sbyte Byte(ThriftType type)
    {
        Expect(type, ThriftType.Byte);
        return (sbyte)NextByte();
    }

    public int Int32(ThriftType type)
    {
        Expect(type, ThriftType.Int32);
        return Int32Element();
    }

    public int Int32Element()
    {
        long value = ReadZigZag();
        return (int)value == value ? (int)value : throw Damaged($"{value} does not fit 32 bits");
    }

    public long Int64(ThriftType type)
    {
        Expect(type, ThriftType.Int64);
        return ReadZigZag();
    }

    public ReadOnlySpan<byte> Binary(ThriftType type)
    {
        Expect(type, ThriftType.Binary);
        return BinaryElement();
    }

    public ReadOnlySpan<byte> BinaryElement() => Take(ReadVarint());

    public string Text(ThriftType type) => Encoding.UTF8.GetString(Binary(type));

    public string TextElement() => Encoding.UTF8.GetString(BinaryElement());

    /// <summary>Reads a list's header. Elements take at least a byte each, so that the count is at most the bytes left.</summary>
    public int BeginList(ThriftType type, ThriftType element)
    {
        Expect(type, ThriftType.List);
        int count = ListHeader(out ThriftType actual);
        if (count != 0)
        {
            Expect(actual, element);
        }

        return count;
    }

    /// <summary>Skips a field's value.</summary>
    public void Skip(ThriftType type, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            throw Damaged($"values are nested deeper than {MaxDepth}");
        }

        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.Byte:
                NextByte();
                break;
            case ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64:
                ReadVarint();
                break;
            case ThriftType.Double:
                Take(8);
                break;
            case ThriftType.Binary:
                BinaryElement();
                break;
            case ThriftType.Uuid:
                Take(16);
                break;
            case ThriftType.List or ThriftType.Set:
                for (int count = ListHeader(out ThriftType element); count > 0; count--)
                {
                    SkipElement(element, depth + 1);
                }

                break;
            case ThriftType.Map:
                SkipMap(depth + 1);
                break;
            case ThriftType.Struct:
                for (short field = 0; NextField(ref field, out ThriftType member);)
                {
                    Skip(member, depth + 1);
                }

                break;
            default:
                throw Damaged($"unknown type {(byte)type}");
        }
    }

    private void SkipMap(int depth)
    {
        int count = Count(ReadVarint());
        if (count == 0)
        {
            return;
        }

        byte types = NextByte();
        for (; count > 0; count--)
        {
            SkipElement((ThriftType)(types >> 4), depth);
            SkipElement((ThriftType)(types & 0x0F), depth);
        }
    }

    /// <summary>A boolean takes a byte in a collection, but none as a field.</summary>
    private void SkipElement(ThriftType element, int depth)
    {
        if (element is ThriftType.True or ThriftType.False)
        {
            NextByte();
        }
        else
        {
            Skip(element, depth);
        }
    }

    private int ListHeader(out ThriftType element)
    {
        byte header = NextByte();
        element = (ThriftType)(header & 0x0F);
        return Count(header >> 4 == 15 ? ReadVarint() : (ulong)(header >> 4));
    }

    private readonly int Count(ulong count) =>
        count <= (ulong)Remaining ? (int)count : throw Damaged($"a collection of {count} elements in {Remaining} bytes");

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)Remaining)
        {
            throw Damaged($"{length} bytes wanted, {Remaining} left");
        }

        ReadOnlySpan<byte> taken = _input.Slice(Position, (int)length);
        Position += (int)length;
        return taken;
    }

    private byte NextByte() => Position < _input.Length ? _input[Position++] : throw Damaged("it ends too early");

    private long ReadZigZag()
    {
        ulong value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = NextByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged("a number is longer than 64 bits");
    }

    private readonly ParquetException Damaged(string what) => new($"Damaged Parquet metadata: {what} (byte {Position} of it).");
}
