namespace Parquet.Encodings;

/// <summary>Cursor over a page's bytes, which may be anything.</summary>
internal ref struct EncodedReader(ReadOnlySpan<byte> input)
{
    private ReadOnlySpan<byte> _rest = input;

    public readonly int Remaining => _rest.Length;

    /// <summary>The bytes not yet taken.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > _rest.Length)
        {
            throw new ParquetException($"Damaged Parquet page: {length} bytes wanted, {_rest.Length} left.");
        }

        ReadOnlySpan<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new ParquetException("Damaged Parquet page: a number is longer than 64 bits.");
    }

    public long ZigZag()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
