using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Snappier;

namespace Sim.Shims.Tests.Parquet;

/// <summary>The Snappy block codec: vectors, round trips, damaged blocks.</summary>
public sealed class SnappyTests
{
    /// <summary>Blocks put together by hand from google/snappy's format_description.txt.</summary>
    public static TheoryData<byte[], byte[]> Vectors() => new()
    {
        // Nothing; a literal of one byte.
        { [0x00], [] },
        { [0x01, 0x00, 0x61], "a"u8.ToArray() },

        // "Wikipedia" ×2: a literal of 9, a copy of 9 with a 1-byte offset (length − 4 in bits 2–4).
        { [0x12, 0x20, .. "Wikipedia"u8, 0x01 | (5 << 2), 0x09], "WikipediaWikipedia"u8.ToArray() },

        // A run: literal "x", then copies at offset 1 that overlap themselves; 2-byte and 4-byte offsets.
        { [0x41, 0x00, 0x78, 0x02 | (63 << 2), 0x01, 0x00], Encoding.ASCII.GetBytes(new string('x', 65)) },
        { [0x05, 0x00, 0x78, 0x03 | (3 << 2), 0x01, 0x00, 0x00, 0x00], "xxxxx"u8.ToArray() },

        // Literals whose length takes one byte (61 bytes) and two bytes (300 bytes).
        { [0x3D, 60 << 2, 60, .. new byte[61]], new byte[61] },
        { [0xAC, 0x02, 61 << 2, 0x2B, 0x01, .. new byte[300]], new byte[300] },

        // Patterns of 2, 3, 5 and 7 bytes repeated past a word.
        { [0x22, 0x04, .. "ab"u8, 0x02 | (31 << 2), 0x02, 0x00], Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("ab", 17))) },
        { [0x21, 0x08, .. "abc"u8, 0x02 | (29 << 2), 0x03, 0x00], Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abc", 11))) },
        { [0x2D, 0x10, .. "abcde"u8, 0x02 | (39 << 2), 0x05, 0x00], Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abcde", 9))) },
        { [0x38, 0x18, .. "abcdefg"u8, 0x02 | (48 << 2), 0x07, 0x00], Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abcdefg", 8))) },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void VectorsDecompress(byte[] block, byte[] expected)
    {
        Assert.Equal(expected.Length, Snappy.GetUncompressedLength(block));

        // Into an exact buffer and into one with room behind, where copies may go in whole words.
        foreach (int room in new[] { 0, 200 })
        {
            byte[] output = new byte[expected.Length + room];
            Assert.Equal(expected.Length, Snappy.Decompress(block, output));
            Assert.Equal(expected, output[..expected.Length]);
            Assert.All(output[expected.Length..], value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void EveryPeriodAndCopyLengthDecompresses()
    {
        byte[] pattern = [.. Enumerable.Range(1, 40).Select(i => (byte)i)];
        for (int period = 1; period <= pattern.Length; period++)
        {
            for (int length = 1; length <= 64; length++)
            {
                // The pattern, a copy of it, and a last literal long enough that the copy is not the block's end.
                byte[] tail = new byte[60];
                byte[] block =
                [
                    .. Length(period + length + tail.Length),
                    (byte)((period - 1) << 2), .. pattern[..period],
                    (byte)(2 | ((length - 1) << 2)), (byte)period, 0,
                    59 << 2, .. tail,
                ];
                byte[] output = new byte[period + length + tail.Length];
                Assert.Equal(output.Length, Snappy.Decompress(block, output));
                Assert.Equal(Enumerable.Range(0, period + length).Select(i => pattern[i % period]), output[..(period + length)]);
                Assert.Equal(tail, output[(period + length)..]);
            }
        }
    }

    [Theory]
    [InlineData(Shape.Constant)]
    [InlineData(Shape.Counter)]
    [InlineData(Shape.Times)]
    [InlineData(Shape.FewValues)]
    [InlineData(Shape.LongRuns)]
    [InlineData(Shape.WideNoise)]
    public void ShapesRoundTripAcrossFragments(Shape shape)
    {
        byte[] bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(Shapes.Longs(shape, 30_000).AsSpan()).ToArray();
        foreach (int length in new[] { 0, 1, 2, 15, 16, 17, 18, 60, 61, 62, 255, 256, 257, 65_535, 65_536, 65_537, 65_552, 65_553, 131_072, bytes.Length })
        {
            Assert.Equal(bytes[..length], RoundTrip(bytes[..length]));
        }
    }

    [Fact]
    public void AnyBytesRoundTrip() =>
        Prop.ForAll<byte[], byte>((bytes, repeats) =>
        {
            byte[] input = [.. Enumerable.Repeat(bytes, 1 + (repeats % 40)).SelectMany(part => part)];
            Assert.Equal(input, RoundTrip(input));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void RepetitiveInputShrinks()
    {
        Assert.InRange(Compress(new byte[1 << 20]).Length, 1, (1 << 20) / 20);
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"page_alloc order={i % 11} pfn={i}\n")));
        Assert.InRange(Compress(text).Length, 1, text.Length / 2);
    }

    [Fact]
    public void OutputTooSmallIsRefusedWithoutWritingBeyond()
    {
        byte[] input = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
        byte[] compressed = Compress(input);
        byte[] output = new byte[compressed.Length];
        Assert.Equal(compressed.Length, Snappy.Compress(input, output));
        Assert.Equal(compressed, output);
        Assert.Throws<ArgumentException>(() => Snappy.Compress(input, new byte[compressed.Length - 1]));
        Assert.Throws<ArgumentException>(() => Snappy.Decompress(compressed, new byte[input.Length - 1]));
        Assert.ThrowsAny<ArgumentException>(() => Snappy.GetMaxCompressedLength(-1));
    }

    [Fact]
    public void TruncatedBlocksAreRefusedAtEveryByte()
    {
        byte[] input = [.. Shapes.Strings(Shape.FewValues, 60).SelectMany(Encoding.UTF8.GetBytes)];
        byte[] compressed = Compress(input);
        for (int length = 0; length < compressed.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Snappy.Decompress(compressed.AsSpan(0, length), new byte[input.Length]));
        }
    }

    [Fact]
    public void DamagedBlocksNeverWriteOutsideTheirLength()
    {
        var random = new Random(3);
        byte[] input = [.. Shapes.Strings(Shape.FewValues, 100).SelectMany(Encoding.UTF8.GetBytes)];
        byte[] compressed = Compress(input);
        byte[] output = new byte[input.Length + 100];
        for (int round = 0; round < 20_000; round++)
        {
            byte[] damaged = round % 2 == 0 ? [.. compressed] : new byte[random.Next(1, 60)];
            random.NextBytes(damaged.AsSpan(round % 2 == 0 ? random.Next(damaged.Length - 3) : 0, round % 2 == 0 ? 3 : damaged.Length));
            output.AsSpan().Fill(0xA5);
            int length = 0;
            try
            {
                length = Snappy.GetUncompressedLength(damaged);
                if (length <= input.Length)
                {
                    Assert.Equal(length, Snappy.Decompress(damaged, output));
                }
            }
            catch (InvalidDataException)
            {
                // Refused; the output must be untouched behind the stated length all the same.
            }

            Assert.Equal(-1, output.AsSpan(Math.Min(length, input.Length)).IndexOfAnyExcept((byte)0xA5));
        }
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    public void ImpossibleLengthsAreRefused(byte[] block) => Assert.Throws<InvalidDataException>(() => Snappy.GetUncompressedLength(block));

    [Fact]
    public void AnIndependentDecoderAgrees()
    {
        string node = OutsideTools.NeedNode("hyparquet");
        foreach (Shape shape in Enum.GetValues<Shape>())
        {
            byte[] input = System.Runtime.InteropServices.MemoryMarshal.AsBytes(Shapes.Longs(shape, 20_000).AsSpan()).ToArray();
            Assert.Equal(input, OutsideTools.Run(node, ["snappy-decompress.mjs", $"{input.Length}"], Compress(input)));
        }
    }

    private static byte[] Compress(byte[] input)
    {
        byte[] output = new byte[Snappy.GetMaxCompressedLength(input.Length)];
        return output[..Snappy.Compress(input, output)];
    }

    private static byte[] RoundTrip(byte[] input)
    {
        byte[] compressed = Compress(input);
        byte[] output = new byte[input.Length];
        Assert.Equal(input.Length, Snappy.Decompress(compressed, output));
        return output;
    }

    private static byte[] Length(int length) => length < 0x80 ? [(byte)length] : [(byte)(length | 0x80), (byte)(length >> 7)];
}
