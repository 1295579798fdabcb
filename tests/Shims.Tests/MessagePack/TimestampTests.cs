using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>The specification's timestamp, extension type −1, in its three lengths.</summary>
public sealed class TimestampTests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", "d6 ff 00 00 00 00")]
    [InlineData("1970-01-01T00:00:01Z", "d6 ff 00 00 00 01")]
    [InlineData("2106-02-07T06:28:15Z", "d6 ff ff ff ff ff")]
    [InlineData("2106-02-07T06:28:16Z", "d7 ff 00 00 00 01 00 00 00 00")]
    [InlineData("1970-01-01T00:00:00.0000001Z", "d7 ff 00 00 01 90 00 00 00 00")]
    [InlineData("2001-09-09T01:46:40.9999999Z", "d7 ff ee 6b 26 70 3b 9a ca 00")]
    [InlineData("2514-05-30T01:53:03Z", "d7 ff 00 00 00 03 ff ff ff ff")]
    [InlineData("2514-05-30T01:53:04Z", "c7 0c ff 00 00 00 00 00 00 00 04 00 00 00 00")]
    [InlineData("1969-12-31T23:59:59Z", "c7 0c ff 00 00 00 00 ff ff ff ff ff ff ff ff")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "c7 0c ff 3b 9a c9 9c ff ff ff ff ff ff ff ff")]
    [InlineData("0001-01-01T00:00:00Z", "c7 0c ff 00 00 00 00 ff ff ff f1 88 6e 09 00")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "c7 0c ff 3b 9a c9 9c 00 00 00 3a ff f4 41 7f")]
    public void InstantsTakeTheShortestForm(string iso, string hex)
    {
        DateTime instant = DateTime.Parse(iso, null, System.Globalization.DateTimeStyles.RoundtripKind);
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) => writer.Write(instant));
        Assert.Equal(Encoded.Hex(hex), bytes);

        MessagePackReader reader = new(bytes);
        DateTime read = reader.ReadDateTime();
        Assert.Equal((instant, DateTimeKind.Utc), (read, read.Kind));
        MessagePackReader split = new(Segments.Split(bytes, 1));
        ExtensionHeader header = split.ReadExtensionFormatHeader();
        Assert.Equal(ReservedMessagePackExtensionTypeCode.DateTime, header.TypeCode);
        Assert.Equal(instant, split.ReadDateTime(header));
        Assert.True(reader.End && split.End);
    }

    [Fact]
    public void LocalTimeIsConvertedAndUnspecifiedIsTakenAsUtc()
    {
        DateTime utc = new(2024, 7, 1, 12, 0, 0, DateTimeKind.Utc);
        byte[] expected = Encoded.By((ref MessagePackWriter writer) => writer.Write(utc));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(utc.ToLocalTime())));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(DateTime.SpecifyKind(utc, DateTimeKind.Unspecified))));
    }

    [Theory]
    [InlineData("d4 ff 00")]
    [InlineData("c7 05 ff 00 00 00 00 00")]
    [InlineData("d6 01 00 00 00 00")]
    [InlineData("01 00 00 00 00 00")]
    public void WhatIsNoTimestampIsRefused(string hex) =>
        Assert.Throws<MessagePackSerializationException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadDateTime());

#if !UPSTREAM_PACKAGES
    // The package lets a second of nanoseconds through, and years out of range as ArgumentOutOfRangeException.
    [Theory]
    [InlineData("d7 ff ee 6b 28 00 00 00 00 00")]
    [InlineData("c7 0c ff 3b 9a ca 00 00 00 00 00 00 00 00 00")]
    [InlineData("c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff")]
    [InlineData("c7 0c ff 00 00 00 00 80 00 00 00 00 00 00 00")]
    [InlineData("c7 0c ff 00 00 00 00 00 00 00 3a ff f4 41 80")]
    [InlineData("c7 0c ff 00 00 00 00 ff ff ff f1 88 6e 08 ff")]
    public void AnInstantThatIsNoneIsRefused(string hex) =>
        Assert.Throws<MessagePackSerializationException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadDateTime());
#endif
}
