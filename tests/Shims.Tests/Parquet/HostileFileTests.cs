using Parquet;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Whatever the bytes: a <see cref="ParquetException"/> or a result, and never more memory than the file warrants.</summary>
public sealed class HostileFileTests
{
    private const long MaxAllocatedBytes = 64 << 20;

    public static TheoryData<CompressionMethod> Codecs() => [CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Gzip];

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task TruncatedFilesAreRefusedAtEveryByte(CompressionMethod codec)
    {
        TestTable.NeedShim();
        byte[] file = await SmallFileAsync(codec);
        Assert.True(await ReadEverythingAsync(file));
        for (int length = 0; length < file.Length; length++)
        {
            Assert.False(await ReadEverythingAsync(file[..length]), $"the first {length} of {file.Length} bytes were accepted");
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task EveryChangedByteIsSurvived(CompressionMethod codec)
    {
        TestTable.NeedShim();
        byte[] file = await SmallFileAsync(codec);
        for (int i = 0; i < file.Length; i++)
        {
            foreach (int change in new[] { 0x01, 0x80, 0x7F, 0xFF, 0x0C })
            {
                file[i] ^= (byte)change;
                await ReadEverythingAsync(file);
                file[i] ^= (byte)change;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task ChangedPageContentsAreNoticed(CompressionMethod codec)
    {
        TestTable.NeedShim();
        byte[] file = await TestTable.WriteAsync([new TestColumn("l", Shapes.Longs(Shape.WideNoise, 200))], codec);

        // 1600 bytes of noise do not compress: bytes 100 to 1500 lie in the only page's contents.
        for (int i = 100; i < 1500; i++)
        {
            file[i] ^= 0x10;
            Assert.False(await ReadEverythingAsync(file), $"a change at {i} went unnoticed");
            file[i] ^= 0x10;
        }
    }

    [Fact]
    public async Task RandomBytesAreSurvived()
    {
        TestTable.NeedShim();
        var random = new Random(7);
        byte[] file = await SmallFileAsync(CompressionMethod.Snappy);
        for (int round = 0; round < 3000; round++)
        {
            byte[] noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            Assert.False(await ReadEverythingAsync(noise));

            // As the footer of a file that is otherwise in order.
            Assert.False(await ReadEverythingAsync(WithFooter(noise)));

            // And in the midst of a good file.
            byte[] damaged = [.. file];
            random.NextBytes(damaged.AsSpan(random.Next(damaged.Length - 12), random.Next(1, 12)));
            await ReadEverythingAsync(damaged);
        }
    }

    [Fact]
    public async Task DeepNestingAndHugeCountsAreRefused()
    {
        TestTable.NeedShim();
        byte[] nestedStructs = [.. Enumerable.Repeat((byte)0x9C, 1_000_000)];
        byte[] nestedLists = [0xF9, .. Enumerable.Repeat((byte)0x19, 1_000_000)];
        byte[] nestedMaps = [0x9B, .. Enumerable.Repeat((byte)0x01, 10), .. Enumerable.Repeat((byte)0xBB, 1_000_000)];
        byte[] hugeList = [0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        byte[] hugeText = [0x68, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        byte[] longNumber = [0x35, .. Enumerable.Repeat((byte)0xFF, 20)];
        foreach (byte[] footer in new[] { nestedStructs, nestedLists, nestedMaps, hugeList, hugeText, longNumber })
        {
            Assert.False(await ReadEverythingAsync(WithFooter(footer)));
        }
    }

    [Fact]
    public async Task ARowCountThatTheBytesCannotHoldIsRefused()
    {
        TestTable.NeedShim();

        // A constant column takes few bytes: 70,000 rows are fine, 200 million are not.
        byte[] claimed = Zigzag(200_000_000);
        byte[] file = await TestTable.WriteAsync([new TestColumn("l", new long[70_000]) { Hint = EncodingHint.Dictionary }]);
        byte[] count = Zigzag(70_000);
        int replaced = 0;
        var output = new List<byte>();
        for (int i = 0; i < file.Length; i++)
        {
            if (file.AsSpan(i).StartsWith(count) && i > file.Length - 300)
            {
                output.AddRange(claimed);
                i += count.Length - 1;
                replaced++;
            }
            else
            {
                output.Add(file[i]);
            }
        }

        // The file's, the row group's and the column's; the footer grew with each.
        Assert.Equal(3, replaced);
        byte[] changed = [.. output];
        int grown = changed.Length - file.Length;
        BitConverter.TryWriteBytes(changed.AsSpan(changed.Length - 8), BitConverter.ToInt32(file, file.Length - 8) + grown);
        await Assert.ThrowsAsync<ParquetException>(() => ParquetReader.CreateAsync(new MemoryStream(changed)));
    }

    [Fact]
    public async Task OtherFilesAreNamedAsSuch()
    {
        TestTable.NeedShim();
        foreach (byte[] file in new byte[][] { [], "PAR1"u8.ToArray(), "PAR1PAR1"u8.ToArray(), "SQLite format 3 and more"u8.ToArray() })
        {
            ParquetException error = await Assert.ThrowsAsync<ParquetException>(() => ParquetReader.CreateAsync(new MemoryStream(file)));
            Assert.Contains("Not a Parquet file", error.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Zigzag(int value)
    {
        uint rest = (uint)value << 1;
        var bytes = new List<byte>();
        for (; rest >= 0x80; rest >>= 7)
        {
            bytes.Add((byte)(rest | 0x80));
        }

        bytes.Add((byte)rest);
        return [.. bytes];
    }

    private static byte[] WithFooter(byte[] footer) => [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8];

    private static Task<byte[]> SmallFileAsync(CompressionMethod codec) => TestTable.WriteAsync(
        [
            new TestColumn("b", Shapes.Bools(Shape.FewValues, 40)),
            new TestColumn("i", Shapes.Ints(Shape.FewValues, 40)) { Hint = EncodingHint.Dictionary },
            new TestColumn("l", Shapes.Longs(Shape.Times, 40)) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("d", Shapes.WithNulls(Shapes.Doubles(Shape.SmallNoise, 40))),
            new TestColumn("s", Shapes.StringsWithNulls(Shapes.Strings(Shape.FewValues, 40))),
        ],
        codec,
        rowsPerGroup: 25,
        new Dictionary<string, string> { ["key"] = "value" });

    /// <summary>Reads all there is; false if the file was refused. Any other exception, or much memory, fails the test.</summary>
    private static async Task<bool> ReadEverythingAsync(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file));
            foreach (ParquetRowGroupReader group in reader.RowGroups)
            {
                foreach (DataField field in reader.Schema.DataFields)
                {
                    group.GetStatistics(field);
                    group.GetCustomMetadata(field);
                    if (group.RowCount <= 100_000)
                    {
                        await TestTable.ReadColumnAsync(group, field);
                    }
                }
            }

            return true;
        }
        catch (ParquetException)
        {
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocatedBytes + (file.Length * 4L));
        }
    }
}
