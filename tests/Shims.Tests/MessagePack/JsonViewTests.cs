using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>The view of a value as JSON text.</summary>
public sealed class JsonViewTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("c0", "null")]
    [InlineData("c3", "true")]
    [InlineData("cf ff ff ff ff ff ff ff ff", "18446744073709551615")]
    [InlineData("d3 80 00 00 00 00 00 00 00", "-9223372036854775808")]
    [InlineData("cb 3f b9 99 99 99 99 99 9a", "0.1")]
    [InlineData("ca 3d cc cc cd", "0.1")]
    [InlineData("a6 61 22 5c 0a 09 62", "\"a\\\"\\\\\\n\\tb\"")]
    [InlineData("c4 03 01 02 03", "\"AQID\"")]
    [InlineData("94 01 90 92 02 03 c2", "[1,[],[2,3],false]")]
    [InlineData("82 a1 61 01 a1 62 80", "{\"a\":1,\"b\":{}}")]
    [InlineData("81 05 06", "{\"5\":6}")]
    [InlineData("d6 ff 00 00 00 01", "\"1970-01-01T00:00:01.0000000Z\"")]
    [InlineData("d5 07 01 02", "[7,\"AQI=\"]")]
    public void IsAsThePackageWritesIt(string hex, string json) => Assert.Equal(json, MessagePackSerializer.ConvertToJson(Encoded.Hex(hex)));

#if !UPSTREAM_PACKAGES
    // The package's text of these is not JSON.
    [Theory]
    [InlineData("cb 7f f8 00 00 00 00 00 00", "\"NaN\"")]
    [InlineData("ca ff 80 00 00", "\"-Infinity\"")]
    [InlineData("a1 01", "\"\\u0001\"")]
    [InlineData("81 92 01 02 03", "{\"kgEC\":3}")]
    [InlineData("81 cb 7f f8 00 00 00 00 00 00 01", "{\"NaN\":1}")]
    public void IsJsonWhereThePackageIsNot(string hex, string json) => Assert.Equal(json, MessagePackSerializer.ConvertToJson(Encoded.Hex(hex)));

    [Fact]
    public void KeysOfAnyKindGiveJson() => Prop.ForAll(Values.All.ToArbitrary(), value =>
    {
        using JsonDocument document = JsonDocument.Parse(
            MessagePackSerializer.ConvertToJson(Encoded.By(value.Write)), new JsonDocumentOptions { MaxDepth = 1000 });
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
#endif

    [Fact]
    public void KeysNestedInKeysDoNotBlowUp()
    {
        // 400 maps, each the key of the one around it.
        byte[] bytes = [.. Enumerable.Repeat((byte)0x81, 400), 0x01, .. new byte[400]];
        Assert.InRange(MessagePackSerializer.ConvertToJson(bytes).Length, 400, 10_000);
    }

    [Fact]
    public void ReadsOneValueAndStopsBehindIt()
    {
        MessagePackReader reader = new(Encoded.Hex("92 01 02 07"));
        using StringWriter json = new();
        MessagePackSerializer.ConvertToJson(ref reader, json);
        Assert.Equal("[1,2]", json.ToString());
        Assert.Equal(7, reader.ReadInt32());
    }

    [Theory]
    [InlineData("92 01")]
    [InlineData("c1")]
    [InlineData("d9 05 61")]
    public void WhatIsNotMessagePackIsRefused(string hex)
    {
        MessagePackSerializationException exception = Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.ConvertToJson(Encoded.Hex(hex)));
        Assert.NotNull(exception.InnerException);
    }
}
