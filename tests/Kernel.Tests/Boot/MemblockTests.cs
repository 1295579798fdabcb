using Sim.Engine.Random;
using Sim.Kernel.Boot;

namespace Sim.Kernel.Tests.Boot;

/// <summary>Memblock beside a byte map, and the corners of its search.</summary>
public sealed class MemblockTests
{
    private const int Bytes = 1 << 16;

    /// <summary>Random ranges are added, taken out and allocated; after each step memory, reservations and what is free are those of the map.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RandomCalls_LeaveWhatAByteMapHas(ulong seed)
    {
        var random = new RandomStream(seed, "memblock");
        var memblock = new Memblock { BottomUp = seed % 2 == 0, CurrentLimit = Bytes };
        bool[] memory = new bool[Bytes], reserved = new bool[Bytes];
        int placed = 0;
        for (int i = 0; i < 3000; i++)
        {
            long start = (long)random.NextBelow(Bytes), size = Math.Min((long)random.NextBelow(1 + (random.NextChance(1, 8) ? 9000u : 300u)), Bytes - start);
            switch (random.NextBelow(6))
            {
                case 0:
                    memblock.Memory.Add(start, size);
                    Array.Fill(memory, true, (int)start, (int)size);
                    break;
                case 1:
                    memblock.Memory.Remove(start, size);
                    Array.Fill(memory, false, (int)start, (int)size);
                    break;
                case 2:
                    memblock.Reserved.Add(start, size);
                    Array.Fill(reserved, true, (int)start, (int)size);
                    break;
                case 3 or 4:
                    memblock.Reserved.Remove(start, size);
                    Array.Fill(reserved, false, (int)start, (int)size);
                    break;
                default:
                    long align = 1L << (int)random.NextBelow(9), min = (long)random.NextBelow(Bytes), max = random.NextChance(1, 2) ? 0 : (long)random.NextBelow(Bytes);
                    long expected = NaiveAlloc(memory, reserved, size + 1, align, min, max, memblock.BottomUp);
                    Assert.Equal(expected, memblock.Alloc(size + 1, align, min, max));
                    if (expected >= 0)
                    {
                        Array.Fill(reserved, true, (int)expected, (int)size + 1);
                        placed++;
                    }
                    break;
            }
            if (i % 20 == 0)
            {
                Assert.Equal(Runs(memory), memblock.Memory);
                Assert.Equal(Runs(reserved), memblock.Reserved);
                Assert.Equal(Runs([.. memory.Zip(reserved, (m, r) => m && !r)]), memblock.Free());
                Assert.Equal(reserved.LongCount(r => r), memblock.Reserved.TotalSize);
                Assert.Equal(Covered(reserved, start, size), memblock.Reserved.Contains(start, size));
            }
        }
        Assert.InRange(placed, 100, 3000);
    }

    [Fact]
    public void Search_GivesUpTheLowerLimit_ButNotTheUpper_AndNeverFindsTheFirstPage()
    {
        var memblock = new Memblock();
        memblock.Memory.Add(0, 0x10000);
        memblock.CurrentLimit = 0x8000;
        Assert.Equal(0x7000, memblock.Alloc(0x1000, 0x1000));
        Assert.Equal(0x6000, memblock.Alloc(0x1000, 0x1000, min: 0x7800));
        Assert.Equal(0x1000, memblock.Alloc(0x5000, 0x1000));
        Assert.Equal(-1, memblock.Alloc(1, 1));
        Assert.Equal(-1, memblock.Alloc(0x1000, 1, max: 0x20000));
    }

    [Fact]
    public void WholeFrames_AreRoundedInwards_AndCutWhereAZoneEnds()
    {
        var memblock = new Memblock();
        memblock.Memory.Add(0x800, 0x9000);
        memblock.Memory.Add(0x20000, 0xfff);
        memblock.Reserved.Add(0x4001, 1);
        Assert.Equal([new PageRange(1, 2), new PageRange(2, 4), new PageRange(5, 9)], memblock.FreePages([2, 9, 0]));
    }

    [Fact]
    public void RangeBeyondTheLastAddress_EndsThere()
    {
        var regions = new MemblockRegions();
        regions.Add(long.MaxValue - 10, long.MaxValue);
        Assert.Equal([new MemblockRegion(long.MaxValue - 10, 10)], regions);
        Assert.Throws<ArgumentOutOfRangeException>(() => regions.Add(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Memblock().Find(1, 3, 0, 1));
    }

    private static List<MemblockRegion> Runs(bool[] map)
    {
        var runs = new List<MemblockRegion>();
        for (int i = 0; i < map.Length; i++)
        {
            int start = i;
            while (i < map.Length && map[i])
            {
                i++;
            }
            if (i > start)
            {
                runs.Add(new MemblockRegion(start, i - start));
            }
        }
        return runs;
    }

    private static bool Covered(bool[] map, long start, long size)
    {
        for (long at = start; at < start + size; at++)
        {
            if (!map[at])
            {
                return false;
            }
        }
        return true;
    }

    private static long NaiveAlloc(bool[] memory, bool[] reserved, long size, long align, long min, long max, bool up)
    {
        max = max == 0 ? Bytes : Math.Min(max, Bytes);
        long found = Search(min);
        return found < 0 && min > 0 ? Search(0) : found;

        long Search(long from)
        {
            from = Math.Max(from, 4096);
            long last = (max - size) & -align;
            for (long i = 0; i <= last; i += align)
            {
                long at = up ? i : last - i;
                if (at >= from && at + size <= max && Fits(at))
                {
                    return at;
                }
            }
            return -1;
        }

        bool Fits(long at)
        {
            for (long i = at; i < at + size; i++)
            {
                if (!memory[i] || reserved[i])
                {
                    return false;
                }
            }
            return true;
        }
    }
}
