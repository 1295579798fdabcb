using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>Generators of MessagePack values, with a liking for the boundaries between formats.</summary>
internal static class Values
{
    /// <summary>Integers of every width from −2⁶³ to 2⁶⁴ − 1, close to the powers of two.</summary>
    internal static Gen<Value> Integers { get; } =
        from bit in Gen.Choose(0, 64)
        from near in Gen.Choose(-2, 2)
        from negative in Gen.Elements(false, true)
        let number = (negative ? -(Int128.One << (bit - 1)) : Int128.One << bit) + near
        select (Value)new Value.Int(Int128.Clamp(number, long.MinValue, ulong.MaxValue));

    /// <summary>Text of one to four bytes a character, of lengths close to those where the header grows.</summary>
    internal static Gen<string> Text { get; } =
        from length in Lengths
        from runes in Gen.Choose(0x20, 0x7e)
            .Or(Gen.Choose(0xa0, 0x7ff)).Or(Gen.Choose(0x800, 0xd7ff)).Or(Gen.Choose(0x1_0000, 0x1_ffff))
            .ArrayOf(length)
        select string.Concat(runes.Select(rune => new Rune(rune).ToString()));

    /// <summary>Values of every kind, the keys of maps included.</summary>
    internal static Gen<Value> All { get; } = Gen.Sized(size => Tree(Math.Min(size, 20), keys: null));

    /// <summary>Values that every language holds: the keys of a map are different strings, none a number.</summary>
    internal static Gen<Value> Portable { get; } = Gen.Sized(size => Tree(
        Math.Min(size, 20),
        keys: from numbers in Gen.Choose(0, 1_000_000).ArrayOf() select numbers.Distinct().Select(number => new Value.Text("k" + number)).ToArray<Value>()));

    private static Gen<int> Lengths => Gen.OneOf(Gen.Choose(0, 12), Gen.Elements(15, 16, 17, 31, 32, 33, 255, 256, 257));

    private static Gen<byte[]> Bytes =>
        from length in Lengths
        from bytes in Gen.Choose(0, 255).ArrayOf(length)
        select bytes.Select(b => (byte)b).ToArray();

    private static Gen<Value> Leaves { get; } = Gen.OneOf(
        Gen.Constant<Value>(new Value.Nothing()),
        from isTrue in Gen.Elements(false, true) select (Value)new Value.Bool(isTrue),
        Integers,
        from number in ArbMap.Default.GeneratorFor<double>() select (Value)new Value.Double(number),
        from number in ArbMap.Default.GeneratorFor<float>() select (Value)new Value.Single(number),
        from text in Text select (Value)new Value.Text(text),
        from bytes in Bytes select (Value)new Value.Bin(bytes),
        from type in Gen.Choose(-128, 127).Where(type => type != -1)
        from bytes in Bytes
        select (Value)new Value.Ext((sbyte)type, bytes),
        from seconds in Gen.Choose(int.MinValue, int.MaxValue)
        from scale in Gen.Elements(1L, 28L)
        from ticks in Gen.Elements(0, 1, 9_999_999)
        select (Value)new Value.Time(DateTime.UnixEpoch.AddTicks((seconds * scale * TimeSpan.TicksPerSecond) + ticks)));

    private static Gen<Value> Tree(int size, Gen<Value[]>? keys)
    {
        if (size < 2)
        {
            return Leaves;
        }

        Gen<Value> inner = Tree(size / 3, keys);
        Gen<Value> arrays = from items in inner.ArrayOf().Resize(size) select (Value)new Value.Arr(items);
        Gen<Value> maps =
            from names in (keys ?? inner.ArrayOf()).Resize(size)
            from contents in inner.ArrayOf(names.Length)
            select (Value)new Value.Map([.. names.Zip(contents, (name, content) => new KeyValuePair<Value, Value>(name, content))]);
        return Gen.Frequency((3, Leaves), (1, arrays), (1, maps));
    }
}
