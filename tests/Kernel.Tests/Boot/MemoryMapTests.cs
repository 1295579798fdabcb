using Sim.Kernel.Boot;

namespace Sim.Kernel.Tests.Boot;

public sealed class MemoryMapTests
{
    [Fact]
    public void OfAPc_IsTheMapThatQemuGives()
    {
        MemoryMap map = MemoryMap.FromSize(256L << 20);
        Assert.Equal([new PageRange(1, 0x9f), new PageRange(0x100, 0xffd7)], map.Usable);
    }

    [Fact]
    public void AboveThreeAndAHalfGiB_MemoryContinuesBehindFourGiB()
    {
        MemoryMap map = MemoryMap.FromSize(8L << 30);
        Assert.Equal([new PageRange(1, 0x9f), new PageRange(0x100, 0xbffd7), new PageRange(0x100000, 0x240000)], map.Usable);
    }

    [Fact]
    public void Entries_AreRoundedToWholeFrames_AndReservedWins()
    {
        var map = new MemoryMap([
            new MemoryRange(0x1000, 0xf800, MemoryRangeType.Usable),
            new MemoryRange(0x20001, 0xffff, MemoryRangeType.Usable),
            new MemoryRange(0x4fff, 2, MemoryRangeType.Reserved),
            new MemoryRange(0x30000, 0x8000, MemoryRangeType.Usable)]);
        Assert.Equal([new PageRange(1, 4), new PageRange(6, 0x10), new PageRange(0x21, 0x38)], map.Usable);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(4096)]
    [InlineData((64 << 20) + 1)]
    [InlineData(1L << 50)]
    public void ImpossibleSizes_AreRefused(long bytes) =>
        Assert.Equal("machine.memory", Assert.Throws<ImpossibleMachineException>(() => MemoryMap.FromSize(bytes)).Option);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 100)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, 4096)]
    [InlineData(4096, long.MaxValue)]
    [InlineData(1L << 45, 1 << 20)]
    [InlineData(0x100000, 0x10000)]
    [InlineData(0, 4096)]
    public void ImpossibleEntries_AreRefused(long start, long length)
    {
        var entries = new List<MemoryRange> { new(start, length, MemoryRangeType.Usable) };
        if (start == 0x100000)
        {
            entries.Add(new MemoryRange(0x108000, 0x100000, MemoryRangeType.Usable));
        }
        Assert.StartsWith("machine.memoryMap", Assert.Throws<ImpossibleMachineException>(() => new MemoryMap(entries)).Option, StringComparison.Ordinal);
    }
}
