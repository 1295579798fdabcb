using System.Buffers;
using System.Text;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>The specification's formats other than integers, at every boundary of their lengths.</summary>
public sealed class FormatTests
{
    [Fact]
    public void NilAndBooleans()
    {
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) =>
        {
            writer.WriteNil();
            writer.Write(false);
            writer.Write(true);
        });
        Assert.Equal(Encoded.Hex("c0 c2 c3"), bytes);

        MessagePackReader reader = new(bytes);
        Assert.True(reader.IsNil);
        Assert.Equal(Nil.Default, reader.ReadNil());
        Assert.False(reader.TryReadNil());
        Assert.False(reader.ReadBoolean());
        Assert.True(reader.ReadBoolean());
        Assert.True(reader.End);
    }

    [Theory]
    [InlineData(0.0, "cb 00 00 00 00 00 00 00 00")]
    [InlineData(-0.0, "cb 80 00 00 00 00 00 00 00")]
    [InlineData(1.5, "cb 3f f8 00 00 00 00 00 00")]
    [InlineData(double.Epsilon, "cb 00 00 00 00 00 00 00 01")]
    [InlineData(double.MaxValue, "cb 7f ef ff ff ff ff ff ff")]
    [InlineData(double.NegativeInfinity, "cb ff f0 00 00 00 00 00 00")]
    [InlineData(double.NaN, "cb ff f8 00 00 00 00 00 00")]
    public void Float64(double value, string hex)
    {
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) => writer.Write(value));
        Assert.Equal(Encoded.Hex(hex), bytes);
        MessagePackReader reader = new(bytes);
        Assert.Equal(BitConverter.DoubleToUInt64Bits(value), BitConverter.DoubleToUInt64Bits(reader.ReadDouble()));
    }

    [Theory]
    [InlineData(0.0f, "ca 00 00 00 00")]
    [InlineData(1.5f, "ca 3f c0 00 00")]
    [InlineData(-3.25f, "ca c0 50 00 00")]
    [InlineData(float.MaxValue, "ca 7f 7f ff ff")]
    [InlineData(float.PositiveInfinity, "ca 7f 80 00 00")]
    public void Float32(float value, string hex)
    {
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) => writer.Write(value));
        Assert.Equal(Encoded.Hex(hex), bytes);
        MessagePackReader single = new(bytes);
        MessagePackReader wide = new(bytes);
        Assert.Equal(value, single.ReadSingle());
        Assert.Equal((double)value, wide.ReadDouble());
    }

    [Theory]
    [InlineData(0, "a0")]
    [InlineData(1, "a1")]
    [InlineData(31, "bf")]
    [InlineData(32, "d9 20")]
    [InlineData(255, "d9 ff")]
    [InlineData(256, "da 01 00")]
    [InlineData(65535, "da ff ff")]
    [InlineData(65536, "db 00 01 00 00")]
    public void Strings(int length, string header)
    {
        string text = new('x', length);
        byte[] expected = [.. Encoded.Hex(header), .. Encoding.ASCII.GetBytes(text)];
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(text)));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(text.AsSpan())));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteString(Encoding.ASCII.GetBytes(text))));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) =>
            writer.WriteString(Segments.Split(Encoding.ASCII.GetBytes(text), 7))));

        MessagePackReader reader = new(expected);
        Assert.Equal(text, reader.ReadString());
        MessagePackReader split = new(Segments.Split(expected, 1, 3, 0));
        Assert.Equal(text, split.ReadString());
        MessagePackReader span = new(expected);
        Assert.True(span.TryReadStringSpan(out ReadOnlySpan<byte> utf8));
        Assert.Equal(length, utf8.Length);
        MessagePackReader sequence = new(Segments.Split(expected, 5));
        Assert.Equal(Encoding.ASCII.GetBytes(text), sequence.ReadStringSequence()!.Value.ToArray());
        Assert.True(reader.End && split.End && span.End && sequence.End);
    }

    [Theory]
    [InlineData("Kernspeicher–Übersicht 内存 🧠")]
    [InlineData("éééééééééé")]
    [InlineData("内内内内内内内内内内")]
    [InlineData("内内内内内内内内内内内")]
    public void TextIsUtf8(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) => writer.Write(text));
        Assert.Equal(utf8, bytes[^utf8.Length..]);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            MessagePackReader reader = new(Segments.Split(bytes, cut));
            Assert.Equal(text, reader.ReadString());
        }
    }

    [Fact]
    public void WhatIsNotTextBecomesTheReplacementCharacter()
    {
        Assert.Equal(Encoded.Hex("a3 ef bf bd"), Encoded.By((ref MessagePackWriter writer) => writer.Write("\ud800")));
        MessagePackReader reader = new(Encoded.Hex("a2 61 ff"));
        Assert.Equal("a\ufffd", reader.ReadString());
    }

    [Theory]
    [InlineData(0, "c4 00")]
    [InlineData(255, "c4 ff")]
    [InlineData(256, "c5 01 00")]
    [InlineData(65535, "c5 ff ff")]
    [InlineData(65536, "c6 00 01 00 00")]
    public void Binary(int length, string header)
    {
        byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        byte[] expected = [.. Encoded.Hex(header), .. data];
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(data)));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(data.AsSpan())));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.Write(Segments.Split(data, 11))));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) =>
        {
            writer.WriteBinHeader(length);
            data.CopyTo(writer.GetSpan(length));
            writer.Advance(length);
        }));

        MessagePackReader reader = new(expected);
        Assert.Equal(data, reader.ReadBytes()!.Value.ToArray());
        MessagePackReader split = new(Segments.Split(expected, 2, 9));
        Assert.Equal(data, split.ReadBytes()!.Value.ToArray());
        Assert.True(reader.End && split.End);
    }

    [Fact]
    public void NullIsNil()
    {
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) =>
        {
            writer.Write((byte[]?)null);
            writer.Write((string?)null);
            writer.WriteNil();
        });
        Assert.Equal(Encoded.Hex("c0 c0 c0"), bytes);
        MessagePackReader reader = new(bytes);
        Assert.Null(reader.ReadBytes());
        Assert.False(reader.TryReadStringSpan(out _));
        Assert.Null(reader.ReadString());
        Assert.Null(reader.ReadStringSequence());
        Assert.True(reader.End);
    }

    [Fact]
    public void BinaryReadsStringsButStringsDoNotReadBinary()
    {
        MessagePackReader reader = new(Encoded.Hex("a2 61 62"));
        Assert.Equal("ab"u8.ToArray(), reader.ReadBytes()!.Value.ToArray());
        Assert.Throws<MessagePackSerializationException>(() => new MessagePackReader(Encoded.Hex("c4 01 61")).ReadString());
    }

    [Theory]
    [InlineData(0, "90")]
    [InlineData(15, "9f")]
    [InlineData(16, "dc 00 10")]
    [InlineData(65535, "dc ff ff")]
    [InlineData(65536, "dd 00 01 00 00")]
    public void Arrays(int count, string header)
    {
        byte[] expected = Encoded.Hex(header);
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteArrayHeader(count)));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteArrayHeader((uint)count)));
        MessagePackReader reader = new(Encoded.HexThenZeros(header, count));
        Assert.Equal(count, reader.ReadArrayHeader());
        MessagePackReader split = new(Segments.Split(Encoded.HexThenZeros(header, count), 1));
        Assert.Equal(count, split.ReadArrayHeader());
        MessagePackReader headerAlone = new(expected);
        Assert.True(headerAlone.TryReadArrayHeader(out int alone));
        Assert.Equal(count, alone);
    }

    [Theory]
    [InlineData(0, "80")]
    [InlineData(15, "8f")]
    [InlineData(16, "de 00 10")]
    [InlineData(65535, "de ff ff")]
    [InlineData(65536, "df 00 01 00 00")]
    public void Maps(int count, string header)
    {
        byte[] expected = Encoded.Hex(header);
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteMapHeader(count)));
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteMapHeader((uint)count)));
        MessagePackReader reader = new(Encoded.HexThenZeros(header, 2 * count));
        Assert.Equal(count, reader.ReadMapHeader());
        MessagePackReader split = new(Segments.Split(Encoded.HexThenZeros(header, 2 * count), 1));
        Assert.Equal(count, split.ReadMapHeader());
        MessagePackReader headerAlone = new(expected);
        Assert.True(headerAlone.TryReadMapHeader(out int alone));
        Assert.Equal(count, alone);
    }

    [Theory]
    [InlineData(0, "c7 00 07")]
    [InlineData(1, "d4 07")]
    [InlineData(2, "d5 07")]
    [InlineData(3, "c7 03 07")]
    [InlineData(4, "d6 07")]
    [InlineData(8, "d7 07")]
    [InlineData(15, "c7 0f 07")]
    [InlineData(16, "d8 07")]
    [InlineData(17, "c7 11 07")]
    [InlineData(32, "c7 20 07")]
    [InlineData(255, "c7 ff 07")]
    [InlineData(256, "c8 01 00 07")]
    [InlineData(65535, "c8 ff ff 07")]
    [InlineData(65536, "c9 00 01 00 00 07")]
    public void Extensions(int length, string header)
    {
        byte[] data = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        byte[] expected = [.. Encoded.Hex(header), .. data];
        Assert.Equal(expected, Encoded.By((ref MessagePackWriter writer) => writer.WriteExtensionFormat(new ExtensionResult(7, data))));

        MessagePackReader reader = new(expected);
        ExtensionResult read = reader.ReadExtensionFormat();
        Assert.Equal((7, length), (read.TypeCode, (int)read.Header.Length));
        Assert.Equal(data, read.Data.ToArray());
        MessagePackReader split = new(Segments.Split(expected, 1));
        Assert.Equal(new ExtensionHeader(7, length), split.ReadExtensionFormatHeader());
        Assert.Equal(data, split.ReadRaw(length).ToArray());
        MessagePackReader headerAlone = new(Encoded.Hex(header));
        Assert.True(headerAlone.TryReadExtensionFormatHeader(out ExtensionHeader alone));
        Assert.Equal(new ExtensionHeader(7, length), alone);
        Assert.True(reader.End && split.End);
    }

    [Theory]
    [InlineData(-128)]
    [InlineData(-2)]
    [InlineData(127)]
    public void ExtensionTypesAreSigned(sbyte typeCode)
    {
        byte[] bytes = Encoded.By((ref MessagePackWriter writer) => writer.WriteExtensionFormatHeader(new ExtensionHeader(typeCode, 1)));
        MessagePackReader reader = new((byte[])[.. bytes, 0]);
        Assert.Equal(typeCode, reader.ReadExtensionFormatHeader().TypeCode);
    }
}
