using System.Numerics;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>The specification's integer formats at every boundary, written out by hand.</summary>
public sealed class IntegerTests
{
    public static TheoryData<string, string> Shortest { get; } = new()
    {
        { "0", "00" },
        { "1", "01" },
        { "127", "7f" },
        { "128", "cc 80" },
        { "255", "cc ff" },
        { "256", "cd 01 00" },
        { "65535", "cd ff ff" },
        { "65536", "ce 00 01 00 00" },
        { "2147483647", "ce 7f ff ff ff" },
        { "2147483648", "ce 80 00 00 00" },
        { "4294967295", "ce ff ff ff ff" },
        { "4294967296", "cf 00 00 00 01 00 00 00 00" },
        { "9223372036854775807", "cf 7f ff ff ff ff ff ff ff" },
        { "9223372036854775808", "cf 80 00 00 00 00 00 00 00" },
        { "18446744073709551615", "cf ff ff ff ff ff ff ff ff" },
        { "-1", "ff" },
        { "-32", "e0" },
        { "-33", "d0 df" },
        { "-128", "d0 80" },
        { "-129", "d1 ff 7f" },
        { "-32768", "d1 80 00" },
        { "-32769", "d2 ff ff 7f ff" },
        { "-2147483648", "d2 80 00 00 00" },
        { "-2147483649", "d3 ff ff ff ff 7f ff ff ff" },
        { "-9223372036854775808", "d3 80 00 00 00 00 00 00 00" },
    };

    /// <summary>Encodings that are longer than they need be, which a reader must take all the same.</summary>
    public static TheoryData<string, string> Longer { get; } = new()
    {
        { "0", "cc 00" },
        { "7", "cd 00 07" },
        { "255", "ce 00 00 00 ff" },
        { "1", "cf 00 00 00 00 00 00 00 01" },
        { "127", "d0 7f" },
        { "-1", "d0 ff" },
        { "-1", "d1 ff ff" },
        { "32767", "d1 7f ff" },
        { "-32", "d2 ff ff ff e0" },
        { "2147483647", "d2 7f ff ff ff" },
        { "-1", "d3 ff ff ff ff ff ff ff ff" },
        { "9223372036854775807", "d3 7f ff ff ff ff ff ff ff" },
    };

    [Theory]
    [MemberData(nameof(Shortest))]
    public void EveryTypeThatHoldsItWritesTheShortestForm(string decimalValue, string hex)
    {
        BigInteger value = BigInteger.Parse(decimalValue);
        byte[] expected = Encoded.Hex(hex);
        int types = 0;
        Check(byte.MinValue, byte.MaxValue, (ref MessagePackWriter writer) => writer.Write((byte)value));
        Check(ushort.MinValue, ushort.MaxValue, (ref MessagePackWriter writer) => writer.Write((ushort)value));
        Check(char.MinValue, char.MaxValue, (ref MessagePackWriter writer) => writer.Write((char)(ushort)value));
        Check(uint.MinValue, uint.MaxValue, (ref MessagePackWriter writer) => writer.Write((uint)value));
        Check(ulong.MinValue, ulong.MaxValue, (ref MessagePackWriter writer) => writer.Write((ulong)value));
        Check(sbyte.MinValue, sbyte.MaxValue, (ref MessagePackWriter writer) => writer.Write((sbyte)value));
        Check(short.MinValue, short.MaxValue, (ref MessagePackWriter writer) => writer.Write((short)value));
        Check(int.MinValue, int.MaxValue, (ref MessagePackWriter writer) => writer.Write((int)value));
        Check(long.MinValue, long.MaxValue, (ref MessagePackWriter writer) => writer.Write((long)value));
        Assert.True(types > 0);
        Assert.Equal(expected.Length, value < 0 ? MessagePackWriter.GetEncodedLength((long)value) : MessagePackWriter.GetEncodedLength((ulong)value));

        void Check(BigInteger least, BigInteger greatest, Encoded.WriteAction write)
        {
            if (value >= least && value <= greatest)
            {
                Assert.Equal(expected, Encoded.By(write));
                types++;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shortest))]
    [MemberData(nameof(Longer))]
    public void EveryTypeReadsWhatItHoldsAndRefusesWhatItDoesNot(string decimalValue, string hex)
    {
        BigInteger value = BigInteger.Parse(decimalValue);
        byte[] encoding = Encoded.Hex(hex);
        Check(byte.MinValue, byte.MaxValue, (ref MessagePackReader reader) => reader.ReadByte());
        Check(ushort.MinValue, ushort.MaxValue, (ref MessagePackReader reader) => reader.ReadUInt16());
        Check(char.MinValue, char.MaxValue, (ref MessagePackReader reader) => reader.ReadChar());
        Check(uint.MinValue, uint.MaxValue, (ref MessagePackReader reader) => reader.ReadUInt32());
        Check(ulong.MinValue, ulong.MaxValue, (ref MessagePackReader reader) => reader.ReadUInt64());
        Check(sbyte.MinValue, sbyte.MaxValue, (ref MessagePackReader reader) => reader.ReadSByte());
        Check(short.MinValue, short.MaxValue, (ref MessagePackReader reader) => reader.ReadInt16());
        Check(int.MinValue, int.MaxValue, (ref MessagePackReader reader) => reader.ReadInt32());
        Check(long.MinValue, long.MaxValue, (ref MessagePackReader reader) => reader.ReadInt64());

        void Check(BigInteger least, BigInteger greatest, ReadAction read)
        {
            // Alone, with other bytes behind it, and cut into segments of one byte.
            MessagePackReader alone = new(encoding);
            MessagePackReader followed = new(new byte[][] { encoding, new byte[20] }.SelectMany(part => part).ToArray());
            MessagePackReader split = new(Segments.Split(encoding, 1, 0));
            if (value >= least && value <= greatest)
            {
                Assert.Equal(value, read(ref alone));
                Assert.Equal(value, read(ref followed));
                Assert.Equal(value, read(ref split));
                Assert.True(alone.End && split.End);
                Assert.Equal(encoding.Length, followed.Consumed);
            }
            else
            {
                AssertOverflows(read, ref alone);
                AssertOverflows(read, ref followed);
                AssertOverflows(read, ref split);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shortest))]
    [MemberData(nameof(Longer))]
    public void IntegersReadAsFloats(string decimalValue, string hex)
    {
        BigInteger value = BigInteger.Parse(decimalValue);
        MessagePackReader forDouble = new(Encoded.Hex(hex));
        MessagePackReader forSingle = new(Encoded.Hex(hex));
        Assert.Equal(value < 0 ? (long)value : (double)(ulong)value, forDouble.ReadDouble());
        Assert.Equal(value < 0 ? (long)value : (float)(ulong)value, forSingle.ReadSingle());
    }

    [Fact]
    public void FixedWidthsKeepTheirWidth()
    {
        Assert.Equal(Encoded.Hex("cc 05"), Encoded.By((ref MessagePackWriter writer) => writer.WriteUInt8(5)));
        Assert.Equal(Encoded.Hex("cd 00 05"), Encoded.By((ref MessagePackWriter writer) => writer.WriteUInt16(5)));
        Assert.Equal(Encoded.Hex("ce 00 00 00 05"), Encoded.By((ref MessagePackWriter writer) => writer.WriteUInt32(5)));
        Assert.Equal(Encoded.Hex("cf 00 00 00 00 00 00 00 05"), Encoded.By((ref MessagePackWriter writer) => writer.WriteUInt64(5)));
        Assert.Equal(Encoded.Hex("d0 fe"), Encoded.By((ref MessagePackWriter writer) => writer.WriteInt8(-2)));
        Assert.Equal(Encoded.Hex("d1 ff fe"), Encoded.By((ref MessagePackWriter writer) => writer.WriteInt16(-2)));
        Assert.Equal(Encoded.Hex("d2 ff ff ff fe"), Encoded.By((ref MessagePackWriter writer) => writer.WriteInt32(-2)));
        Assert.Equal(Encoded.Hex("d3 ff ff ff ff ff ff ff fe"), Encoded.By((ref MessagePackWriter writer) => writer.WriteInt64(-2)));
        Assert.Equal(Encoded.Hex("d0 05"), Encoded.By((ref MessagePackWriter writer) => writer.WriteInt8(5)));
    }

    private delegate BigInteger ReadAction(ref MessagePackReader reader);

    private static void AssertOverflows(ReadAction read, ref MessagePackReader reader)
    {
        MessagePackReader copy = reader;
        try
        {
            BigInteger got = read(ref copy);
            Assert.Fail($"read {got}, which the type cannot hold");
        }
        catch (OverflowException)
        {
        }
    }
}
