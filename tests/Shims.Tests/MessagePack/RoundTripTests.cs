using System.Buffers;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>What holds for any value at all.</summary>
public sealed class RoundTripTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(300);

    [Fact]
    public void AnyValueReadsBackAsItWasWritten() => Prop.ForAll(
        Values.All.ToArbitrary(),
        value =>
        {
            byte[] bytes = Encoded.By(value.Write);
            MessagePackReader reader = new(bytes);
            return Value.Read(ref reader).ToString() == value.ToString() && reader.End;
        }).Check(Thorough);

    [Fact]
    public void AnyValueReadsAlikeFromSegments() => Prop.ForAll(
        Values.All.ToArbitrary(),
        Gen.Choose(0, 9).ArrayOf(4).ToArbitrary(),
        (value, lengths) =>
        {
            ReadOnlySequence<byte> sequence = Segments.Split(Encoded.By(value.Write), [.. lengths, 1]);
            MessagePackReader reader = new(sequence);
            return Value.Read(ref reader).ToString() == value.ToString() && reader.End && sequence.Slice(reader.Position).IsEmpty;
        }).Check(Thorough);

    [Fact]
    public void AnyValueIsSkippedWholeAndKeptRaw() => Prop.ForAll(
        Values.All.ToArbitrary(),
        value =>
        {
            byte[] bytes = Encoded.By((ref MessagePackWriter writer) =>
            {
                value.Write(ref writer);
                writer.Write(12345);
            });
            MessagePackReader skipping = new(bytes);
            skipping.Skip();
            MessagePackReader raw = new(Segments.Split(bytes, 3, 1));
            byte[] kept = raw.ReadRaw().ToArray();
            return skipping.ReadInt32() == 12345 && skipping.End
                && raw.ReadInt32() == 12345 && raw.End
                && kept.SequenceEqual(Encoded.By(value.Write))
                && Encoded.By((ref MessagePackWriter writer) => writer.WriteRaw(kept)).SequenceEqual(kept);
        }).Check(Thorough);

    [Fact]
    public void AnyValueCutShortIsRefused() => Prop.ForAll(
        Values.All.ToArbitrary(),
        ArbMap.Default.ArbFor<NonNegativeInt>(),
        (value, cut) =>
        {
            byte[] bytes = Encoded.By(value.Write);
            bytes = bytes[..(cut.Get % bytes.Length)];
            Assert.Throws<EndOfStreamException>(() => new MessagePackReader(bytes).Skip());
            Assert.Throws<EndOfStreamException>(() =>
            {
                MessagePackReader reader = new(bytes);
                Value.Read(ref reader);
            });
        }).Check(Thorough);

    [Fact]
    public void AnyIntegerIsReadByItsOwnTypeAlone() => Prop.ForAll(
        Values.Integers.ToArbitrary(),
        value =>
        {
            Int128 number = ((Value.Int)value).Number;
            byte[] bytes = Encoded.By(value.Write);
            bool asInt = number >= int.MinValue && number <= int.MaxValue;
            bool asLong = number <= long.MaxValue;
            bool asUnsigned = number >= 0;
            return asInt == Fits((ref MessagePackReader reader) => reader.ReadInt32(), number)
                && asLong == Fits((ref MessagePackReader reader) => reader.ReadInt64(), number)
                && asUnsigned == Fits((ref MessagePackReader reader) => reader.ReadUInt64(), number);

            bool Fits(ReadAction read, Int128 expected)
            {
                MessagePackReader reader = new(bytes);
                try
                {
                    return read(ref reader) == expected;
                }
                catch (OverflowException)
                {
                    return false;
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

#if !UPSTREAM_PACKAGES
    // The package's text of numbers that are not finite is not JSON.
    [Fact]
    public void AnyValueShowsAsJsonThatParses() => Prop.ForAll(
        Values.Portable.ToArbitrary(),
        value =>
        {
            string json = MessagePackSerializer.ConvertToJson(Encoded.By(value.Write));
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1000 });
            return Agrees(value, document.RootElement);
        }).Check(Thorough);

    private static bool Agrees(Value value, JsonElement json) => value switch
    {
        Value.Bool expected => json.GetBoolean() == expected.IsTrue,
        Value.Int expected => json.GetRawText() == expected.ToJson()!["i"]!.GetValue<string>(),
        Value.Double { Number: var number } when double.IsFinite(number) => json.GetDouble().Equals(number),
        Value.Single { Number: var number } when float.IsFinite(number) => json.GetSingle().Equals(number),
        Value.Double or Value.Single => json.ValueKind == JsonValueKind.String,
        Value.Text expected => json.GetString() == expected.Content,
        Value.Bin expected => json.GetBytesFromBase64().SequenceEqual(expected.Content),
        Value.Arr expected => json.GetArrayLength() == expected.Items.Length && expected.Items.Zip(json.EnumerateArray(), Agrees).All(agrees => agrees),
        Value.Map expected => json.EnumerateObject().Count() == expected.Pairs.Length
            && expected.Pairs.All(pair => Agrees(pair.Value, json.GetProperty(((Value.Text)pair.Key).Content))),
        Value.Ext expected => json[0].GetInt32() == expected.Type && json[1].GetBytesFromBase64().SequenceEqual(expected.Content),
        Value.Time expected => json.GetDateTime() == expected.Instant,
        _ => json.ValueKind == JsonValueKind.Null,
    };
#endif

    private delegate Int128 ReadAction(ref MessagePackReader reader);
}
