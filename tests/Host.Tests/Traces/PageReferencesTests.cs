using System.IO.Compression;
using System.Text;
using Sim.Engine.Random;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Traces;

/// <summary>Page-reference traces: what is read, and that anything else ends in <see cref="TraceFormatException"/>.</summary>
public sealed class PageReferencesTests : IDisposable
{
    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DecimalHexadecimalBlanksAndCommentsAreRead() => Assert.Equal(
        [7UL, 0x1f, 18446744073709551615, 0],
        Read(_folder.WriteLines("trace", "# pages", "7", "", " 0x1f\t", "18446744073709551615\r", "0")));

    [Fact]
    public void CompressedTracesAndAnUnfinishedLastLineAreRead()
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write("1\n2\n3"u8);
        }
        Assert.Equal([1UL, 2, 3], Read(_folder.Write("trace.gz", bytes.ToArray())));
    }

    [Fact]
    public void CompressedTracesCutShortAreRefusedAndOnesBehindEachOtherAreRead()
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            for (int i = 0; i < 1_000; i++)
            {
                gzip.Write(Encoding.ASCII.GetBytes($"{i * 7919 % 1000}\n"));
            }
        }
        byte[] whole = bytes.ToArray();
        for (int length = 2; length < whole.Length; length++)
        {
            Assert.Throws<TraceFormatException>(() => Read(_folder.Write("cut.gz", whole[..length])));
        }
        Assert.Equal(2_000, Read(_folder.Write("twice.gz", [.. whole, .. whole])).Count);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1 2")]
    [InlineData("1.5")]
    [InlineData("0x")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10000000000000000")]
    public void AnythingElseIsRefusedWithItsLine(string line)
    {
        string path = _folder.WriteLines("trace", "1", line);
        TraceFormatException error = Assert.Throws<TraceFormatException>(() => Read(path));
        Assert.Equal(2, error.Line);
        Assert.Contains($"\"{line}\"", error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void ControlCharactersAndLongLinesAreNotRepeated()
    {
        TraceFormatException error = Assert.Throws<TraceFormatException>(() => Read(_folder.Write("trace", Encoding.ASCII.GetBytes("\u001b[2J" + new string('x', 10_000)))));
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.InRange(error.Problem.Length, 1, 100);
    }

    [Fact]
    public void RandomBytesAreReadOrRefused()
    {
        var random = new RandomStream(1, "fuzz");
        byte[] alphabet = "0123456789abcdefx \t\r\n\n\n#-\0\u00ff"u8.ToArray();
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = new byte[random.NextBelow(60)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = round % 2 == 0 ? alphabet[random.NextBelow((ulong)alphabet.Length)] : (byte)random.NextBelow(256);
            }
            try
            {
                Read(_folder.Write("fuzz", bytes));
            }
            catch (TraceFormatException)
            {
                // The documented way to refuse.
            }
        }
    }

    [Fact]
    public void HandlesAreDenseAndStayWithTheirPages()
    {
        var random = new RandomStream(2, "numbering");
        var numbering = new PageNumbering();
        var expected = new Dictionary<ulong, int>();
        for (int i = 0; i < 50_000; i++)
        {
            ulong page = random.NextBelow(3) == 0 ? random.NextBelow(1000) << 52 : random.NextBelow(30_000);
            expected.TryAdd(page, expected.Count);
            Assert.Equal(expected[page], numbering.HandleOf(page));
        }
        Assert.Equal(expected.Count, numbering.Count);
    }

    private static List<ulong> Read(string path)
    {
        using var references = new PageReferences(path);
        List<ulong> pages = [];
        while (references.TryRead(out ulong page))
        {
            pages.Add(page);
        }
        return pages;
    }
}
