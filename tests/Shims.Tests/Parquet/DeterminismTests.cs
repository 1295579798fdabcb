using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Parquet;

namespace Sim.Shims.Tests.Parquet;

/// <summary>The same rows give the same bytes, everywhere.</summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData(CompressionMethod.None, "9ed567c8bb8467ca717c696201a23d92e7061dfadb1e05739a3201b681a9c343")]
    [InlineData(CompressionMethod.Snappy, "5d31a8b5eb21f0f336ceed78f0693f12c5101fbf86edc31ecfb82b33c8daa6cc")]
    public async Task BytesAreFixed(CompressionMethod codec, string sha256)
    {
        TestTable.NeedShim();
        byte[] once = await WriteAsync(codec);
        byte[] again = await WriteAsync(codec);
        Assert.Equal(once, again);

        // Also on another machine, with other vector instructions, under another runtime: a change here is a change of the format written.
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(once)));
    }

    [Fact]
    public async Task PageChecksumsAreThoseOfGzip()
    {
        TestTable.NeedShim();
        byte[] file = await TestTable.WriteAsync([new TestColumn("l", Numbers(100))], CompressionMethod.None);

        // Behind the magic: a struct whose fields 1–4 are type, uncompressed length, compressed length and CRC, each a zigzag varint;
        // then the data page's own struct, which ends with two stop bytes before the contents.
        int at = "PAR1".Length;
        var fields = new long[4];
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal(0x15, file[at++]);
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                value |= (ulong)(file[at] & 0x7F) << shift;
                if (file[at++] < 0x80)
                {
                    break;
                }
            }

            fields[i] = (long)(value >> 1) ^ -(long)(value & 1);
        }

        int contents = file.AsSpan(at).IndexOf([(byte)0, (byte)0]) + at + 2;
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(file.AsSpan(contents, (int)fields[2]));
        }

        uint trailer = BinaryPrimitives.ReadUInt32LittleEndian(member.ToArray().AsSpan((int)member.Length - 8));
        Assert.Equal(800, fields[1]);
        Assert.Equal(trailer, unchecked((uint)fields[3]));
    }

    private static Task<byte[]> WriteAsync(CompressionMethod codec)
    {
        long[] numbers = Numbers(100_000);
        TestColumn[] columns =
        [
            new TestColumn("run_id", Array.ConvertAll(numbers, _ => "run-1"), Nullable: false),
            new TestColumn("time_ns", Array.ConvertAll(numbers, value => value)) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("noise", Array.ConvertAll(numbers, value => value * 0x9E3779B97F4A7C1)) { Hint = EncodingHint.Dictionary },
            new TestColumn("cpu", Array.ConvertAll(numbers, value => (int)(value % 13))) { Hint = EncodingHint.Dictionary },
            new TestColumn("ratio", Array.ConvertAll(numbers, value => value / 3.0)),
            new TestColumn("is_free", Array.ConvertAll(numbers, value => value % 5 == 0)),
            new TestColumn("name", Array.ConvertAll(numbers, value => value % 4 == 0 ? null : "name" + (value % 100))),
            new TestColumn("unique", Array.ConvertAll(numbers, value => $"{value:x}")),
        ];
        return TestTable.WriteAsync(columns, codec, rowsPerGroup: 70_000, new Dictionary<string, string> { ["sim.table"] = "test" });
    }

    private static long[] Numbers(int length)
    {
        long[] numbers = new long[length];
        ulong state = 1;
        for (int i = 1; i < length; i++)
        {
            state = (state * 6364136223846793005) + 1442695040888963407;
            numbers[i] = numbers[i - 1] + (long)(state >> 54);
        }

        return numbers;
    }
}
