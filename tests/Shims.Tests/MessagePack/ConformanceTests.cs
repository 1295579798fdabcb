using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>
/// Values cross to independent implementations and back: Debian's python3-msgpack and npm's @msgpack/msgpack read what the shim wrote, and
/// the shim reads what they wrote.
/// </summary>
public sealed class ConformanceTests
{
    private const int Count = 200;

    /// <summary>Every format's boundaries, then random trees; the same ones in every run.</summary>
    private static readonly Value[] Samples = [.. Boundaries(), .. Values.Portable.Sample(20, new FsCheck.Rnd(20240229), Count)];

    [Fact]
    public void PythonReadsWhatTheShimWrote() => AssertSame(Samples.Select(PythonForm), ParseLines(RunPython("decode", EncodeAll())));

    [Fact]
    public void TheShimReadsWhatPythonWrote()
    {
        byte[] encoded = RunPython("encode", Lines(Samples));
        AssertSame(Samples.Select(value => value.ToJson()), DecodeAll(encoded).Select(value => value.ToJson()));
        Assert.Equal(EncodeAll(), encoded);
    }

    [Fact]
    public void JavaScriptReadsWhatTheShimWrote() => AssertSame(Samples.Select(JavaScriptForm), ParseLines(RunNode("decode", EncodeAll())));

    [Fact]
    public void TheShimReadsWhatJavaScriptWrote() =>
        AssertSame(Samples.Select(JavaScriptForm), DecodeAll(RunNode("encode", Lines(Samples))).Select(JavaScriptForm));

    private static IEnumerable<Value> Boundaries()
    {
        for (int bit = 0; bit <= 64; bit++)
        {
            for (int near = -1; near <= 1; near++)
            {
                yield return new Value.Int(Int128.Clamp((Int128.One << bit) + near, 0, ulong.MaxValue));
                yield return new Value.Int(Int128.Clamp(-(Int128.One << bit) + near, long.MinValue, -1));
            }
        }

        foreach (int length in (int[])[0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 255, 256, 65_535, 65_536])
        {
            byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
            yield return new Value.Text(new string('x', length));
            yield return new Value.Bin(bytes);
            yield return new Value.Ext(42, bytes);
            yield return new Value.Arr([.. Enumerable.Repeat<Value>(new Value.Nothing(), length)]);
        }

        foreach (int length in (int[])[0, 1, 15, 16, 65_536])
        {
            yield return new Value.Map([.. Enumerable.Range(0, length).Select(i => new KeyValuePair<Value, Value>(new Value.Text("k" + i), new Value.Bool(true)))]);
        }

        foreach (double number in (double[])[0.0, 0.1, -1.5, double.Epsilon, double.MaxValue, double.PositiveInfinity, double.NaN])
        {
            yield return new Value.Double(number);
            yield return new Value.Single((float)number);
        }
    }

    private static byte[] EncodeAll() => Encoded.By((ref MessagePackWriter writer) =>
    {
        foreach (Value sample in Samples)
        {
            sample.Write(ref writer);
        }
    });

    private static List<Value> DecodeAll(byte[] bytes)
    {
        List<Value> values = [];
        MessagePackReader reader = new(bytes);
        while (!reader.End)
        {
            values.Add(Value.Read(ref reader));
        }

        return values;
    }

    private static byte[] RunPython(string direction, byte[] input) => OutsideTools.Run(
        OutsideTools.NeedPython("msgpack", "python3-msgpack"),
        [Path.Combine(OutsideTools.RepositoryRoot, "tests", "Shims.Tests", "MessagePack", "msgpack_values.py"), direction],
        input);

    private static byte[] RunNode(string direction, byte[] input) =>
        OutsideTools.Run(OutsideTools.NeedNode("@msgpack/msgpack"), ["msgpack-values.mjs", direction], input);

    private static byte[] Lines(IEnumerable<Value> values) => Encoding.UTF8.GetBytes(string.Join('\n', values));

    private static JsonNode?[] ParseLines(byte[] lines) =>
        [.. Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line))];

    private static void AssertSame(IEnumerable<JsonNode?> expected, IEnumerable<JsonNode?> actual)
    {
        JsonNode?[] expectedNodes = [.. expected];
        JsonNode?[] actualNodes = [.. actual];
        Assert.Equal(expectedNodes.Length, actualNodes.Length);
        for (int i = 0; i < expectedNodes.Length; i++)
        {
            if (!JsonNode.DeepEquals(expectedNodes[i], actualNodes[i]))
            {
                Assert.Equal(expectedNodes[i]?.ToJsonString(), actualNodes[i]?.ToJsonString());
            }
        }
    }

    /// <summary>What Python keeps of a value: a single becomes a double.</summary>
    private static JsonNode? PythonForm(Value value) => Rewrite(value, leaf => leaf is Value.Single single ? new Value.Double(single.Number).ToJson() : leaf.ToJson());

    /// <summary>What JavaScript keeps of a value: floats and integers of up to 32 bits are one kind of number, without a negative zero.</summary>
    private static JsonNode? JavaScriptForm(Value value) => Rewrite(value, leaf => leaf switch
    {
        Value.Int { Number: var number } when number >= int.MinValue && number <= uint.MaxValue => Number((double)number),
        Value.Single { Number: var number } => Number(number),
        Value.Double { Number: var number } => Number(number),
        _ => leaf.ToJson(),
    });

    private static JsonObject Number(double number) => new() { ["n"] = Value.Bits(number + 0.0) };

    private static JsonNode? Rewrite(Value value, Func<Value, JsonNode?> leaf) => value switch
    {
        Value.Arr array => new JsonArray([.. array.Items.Select(item => Rewrite(item, leaf))]),
        Value.Map map => new JsonObject
        {
            ["m"] = new JsonArray([.. map.Pairs.Select(pair => new JsonArray(Rewrite(pair.Key, leaf), Rewrite(pair.Value, leaf)))]),
        },
        _ => leaf(value),
    };
}
