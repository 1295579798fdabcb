using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>
/// Any MessagePack value as a tree, which the shim writes and reads, and which crosses to other languages as JSON that loses nothing:
/// <c>null</c>, <c>true</c>, <c>{"i":"-5"}</c>, <c>{"f":"bits of the double"}</c>, <c>{"g":…}</c> for a single, <c>{"s":"text"}</c>,
/// <c>{"b":"hex"}</c>, <c>[…]</c>, <c>{"m":[[key,value],…]}</c>, <c>{"x":[type,"hex"]}</c>, <c>{"t":[seconds,nanoseconds]}</c>.
/// </summary>
internal abstract record Value
{
    internal sealed record Nothing : Value;

    internal sealed record Bool(bool IsTrue) : Value;

    internal sealed record Int(Int128 Number) : Value;

    internal sealed record Single(float Number) : Value;

    internal sealed record Double(double Number) : Value;

    internal sealed record Text(string Content) : Value;

    internal sealed record Bin(byte[] Content) : Value;

    internal sealed record Arr(Value[] Items) : Value;

    internal sealed record Map(KeyValuePair<Value, Value>[] Pairs) : Value;

    internal sealed record Ext(sbyte Type, byte[] Content) : Value;

    internal sealed record Time(DateTime Instant) : Value;

    public sealed override string ToString() => ToJson()?.ToJsonString() ?? "null";

    internal void Write(ref MessagePackWriter writer)
    {
        switch (this)
        {
            case Bool value:
                writer.Write(value.IsTrue);
                break;
            case Int value when value.Number < 0:
                writer.Write((long)value.Number);
                break;
            case Int value:
                writer.Write((ulong)value.Number);
                break;
            case Single value:
                writer.Write(value.Number);
                break;
            case Double value:
                writer.Write(value.Number);
                break;
            case Text value:
                writer.Write(value.Content);
                break;
            case Bin value:
                writer.Write(value.Content);
                break;
            case Arr value:
                writer.WriteArrayHeader(value.Items.Length);
                foreach (Value item in value.Items)
                {
                    item.Write(ref writer);
                }

                break;
            case Map value:
                writer.WriteMapHeader(value.Pairs.Length);
                foreach ((Value key, Value content) in value.Pairs)
                {
                    key.Write(ref writer);
                    content.Write(ref writer);
                }

                break;
            case Ext value:
                writer.WriteExtensionFormat(new ExtensionResult(value.Type, value.Content));
                break;
            case Time value:
                writer.Write(value.Instant);
                break;
            default:
                writer.WriteNil();
                break;
        }
    }

    internal static Value Read(ref MessagePackReader reader)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Boolean:
                return new Bool(reader.ReadBoolean());
            case MessagePackType.Integer when reader.NextCode == MessagePackCode.UInt64:
                return new Int(reader.ReadUInt64());
            case MessagePackType.Integer:
                return new Int(reader.ReadInt64());
            case MessagePackType.Float when reader.NextCode == MessagePackCode.Float32:
                return new Single(reader.ReadSingle());
            case MessagePackType.Float:
                return new Double(reader.ReadDouble());
            case MessagePackType.String:
                return new Text(reader.ReadString()!);
            case MessagePackType.Binary:
                return new Bin(reader.ReadBytes()!.Value.ToArray());
            case MessagePackType.Array:
                Value[] items = new Value[reader.ReadArrayHeader()];
                for (int i = 0; i < items.Length; i++)
                {
                    items[i] = Read(ref reader);
                }

                return new Arr(items);
            case MessagePackType.Map:
                KeyValuePair<Value, Value>[] pairs = new KeyValuePair<Value, Value>[reader.ReadMapHeader()];
                for (int i = 0; i < pairs.Length; i++)
                {
                    Value key = Read(ref reader);
                    pairs[i] = new(key, Read(ref reader));
                }

                return new Map(pairs);
            case MessagePackType.Extension:
                MessagePackReader ahead = reader.CreatePeekReader();
                if (ahead.ReadExtensionFormatHeader().TypeCode == ReservedMessagePackExtensionTypeCode.DateTime)
                {
                    return new Time(reader.ReadDateTime());
                }

                ExtensionResult extension = reader.ReadExtensionFormat();
                return new Ext(extension.TypeCode, extension.Data.ToArray());
            default:
                reader.ReadNil();
                return new Nothing();
        }
    }

    internal JsonNode? ToJson() => this switch
    {
        Bool value => value.IsTrue,
        Int value => new JsonObject { ["i"] = value.Number.ToString(CultureInfo.InvariantCulture) },
        Single value => new JsonObject { ["g"] = Bits(value.Number) },
        Double value => new JsonObject { ["f"] = Bits(value.Number) },
        Text value => new JsonObject { ["s"] = value.Content },
        Bin value => new JsonObject { ["b"] = Convert.ToHexStringLower(value.Content) },
        Arr value => new JsonArray([.. value.Items.Select(item => item.ToJson())]),
        Map value => new JsonObject { ["m"] = new JsonArray([.. value.Pairs.Select(pair => new JsonArray(pair.Key.ToJson(), pair.Value.ToJson()))]) },
        Ext value => new JsonObject { ["x"] = new JsonArray((int)value.Type, Convert.ToHexStringLower(value.Content)) },
        Time value => new JsonObject { ["t"] = new JsonArray(Seconds(value.Instant), Nanoseconds(value.Instant)) },
        _ => null,
    };

    /// <summary>The bits of a double in hexadecimal; one word for all NaNs, whose bits languages do not keep.</summary>
    internal static string Bits(double number) => double.IsNaN(number) ? "nan" : BitConverter.DoubleToUInt64Bits(number).ToString("x16", CultureInfo.InvariantCulture);

    private static long Seconds(DateTime instant) =>
        (long)Math.Floor((decimal)(instant.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond);

    private static long Nanoseconds(DateTime instant) =>
        (instant.Ticks - DateTime.UnixEpoch.Ticks - (Seconds(instant) * TimeSpan.TicksPerSecond)) * 100;
}
