using Sim.Engine.Events;
using Sim.Engine.Random;

namespace Sim.Engine.Tests.Random;

public class RandomStreamTests
{
    /// <summary>Test vectors of the XXH64 specification and reference implementation.</summary>
    [Theory]
    [InlineData("", 0UL, 0xEF46DB3751D8E999UL)]
    [InlineData("a", 0UL, 0xD24EC4F1A98C6E5BUL)]
    [InlineData("abc", 0UL, 0x44BC2CF5AD770999UL)]
    [InlineData("xxhash", 20141025UL, 0xB559B98D844E0635UL)]
    [InlineData("Call me Ishmael. Some years ago--never mind how long precisely-", 0UL, 0x02A2E85470D6FD96UL)]
    public void Xxh64GivesTheReferenceHashes(string text, ulong seed, ulong expected) =>
        Assert.Equal(expected, XxHash64.Hash(System.Text.Encoding.ASCII.GetBytes(text), seed));

    [Fact]
    public void WhenHashedInPieces_TheHashIsThatOfTheWhole()
    {
        byte[] data = new byte[301];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = (byte)(i * 37);
        }
        for (int cut = 0; cut <= data.Length; cut++)
        {
            var hash = new XxHash64(5);
            hash.Add(data.AsSpan(0, cut));
            hash.Add(data.AsSpan(cut));
            Assert.Equal(XxHash64.Hash(data, 5), hash.Finish());
        }
    }

    [Fact]
    public void StreamsWithAnagramNamesAreUnrelated()
    {
        var a = new RandomStream(1, "ab");
        var b = new RandomStream(1, "ba");
        int equal = 0;
        for (int i = 0; i < 1_000; i++)
        {
            equal += a.NextUInt64() == b.NextUInt64() ? 1 : 0;
        }
        Assert.Equal(0, equal);
    }

    [Fact]
    public void WhenTheStateIsRestored_TheNumbersRepeat()
    {
        var stream = new RandomStream(42, "workload");
        stream.NextUInt64();
        var state = stream.State;
        ulong first = stream.NextUInt64();
        stream.State = state;
        Assert.Equal(first, stream.NextUInt64());
    }

    [Fact]
    public void BoundedNumbersFillTheirRangeEvenly()
    {
        var stream = new RandomStream(3, "range");
        int[] counts = new int[10];
        for (int i = 0; i < 100_000; i++)
        {
            counts[stream.NextBelow(10)]++;
        }
        Assert.All(counts, c => Assert.InRange(c, 9_500, 10_500));
    }
}
