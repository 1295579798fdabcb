using Sim.Engine.Events;
using Sim.Hardware.Memory;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tests.Memory;

public sealed class PhysicalMemoryTests
{
    private readonly PhysicalMemory _memory = new(1 << 20, PagingMode.X86_64FourLevel);

    [Fact]
    public void EntriesReadBackByTheirSize()
    {
        _memory.Zero(77);
        _memory.Write(77, 511, 8, 0x8000_0000_1234_5067);
        Assert.Equal(0x8000_0000_1234_5067, _memory.Read(77, 511, 8));
        Assert.Equal(0x1234_5067UL, _memory.Read(77, 1022, 4));
        Assert.Equal(0x8000_0000UL, _memory.Read(77, 1023, 4));
        _memory.Write(77, 1022, 4, 0xFFFF_FFFF_0000_0001);
        Assert.Equal(0x8000_0000_0000_0001, _memory.Read(77, 511, 8));
    }

    [Fact]
    public void AFrameUsedAgainIsZero()
    {
        _memory.Zero(5);
        _memory.Write(5, 3, 8, 1);
        _memory.Release(5);
        Assert.False(_memory.HasContents(5));
        _memory.Zero(900_000);
        Assert.Equal(0UL, _memory.Read(900_000, 3, 8));
        _memory.Write(900_000, 3, 8, 1);
        _memory.Zero(900_000);
        Assert.Equal(0UL, _memory.Read(900_000, 3, 8));
        Assert.Equal(1, _memory.BackedFrames);
    }

    [Fact]
    public void AFrameWithoutATableIsNotRead()
    {
        _memory.Zero(5);
        _memory.Release(5);
        _memory.Release(5);
        foreach (long pfn in new long[] { 5, 6, -1, 1 << 20, long.MaxValue })
        {
            var error = Assert.Throws<InvalidOperationException>(() => _memory.Read(pfn, 0, 8));
            Assert.Contains("no page table", error.Message, StringComparison.Ordinal);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => _memory.Zero(1 << 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => _memory.Zero(-1));
    }

    [Fact]
    public void TheHashIsOfContentsAndNotOfHistory()
    {
        var other = new PhysicalMemory(1 << 20, PagingMode.X86_64FourLevel);
        _memory.Zero(1);
        _memory.Zero(600);
        _memory.Write(600, 9, 8, 42);
        other.Zero(600);
        other.Write(600, 9, 8, 42);
        other.Zero(30_000);
        other.Release(30_000);
        Assert.NotEqual(Hash(_memory), Hash(other));
        other.Zero(1);
        Assert.Equal(Hash(_memory), Hash(other));
        other.Write(600, 9, 8, 43);
        Assert.NotEqual(Hash(_memory), Hash(other));
    }

    private static ulong Hash(PhysicalMemory memory)
    {
        var hash = new XxHash64(0);
        memory.HashInto(ref hash);
        return hash.Finish();
    }
}
