using Sim.Hardware.Dram;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tests;

/// <summary>Impossible machines are refused, and the message names the setting.</summary>
public sealed class HardwareLimitsTests
{
    public static TheoryData<string, HardwareOptions> Impossible => new()
    {
        { "cpus", new HardwareOptions { Cpus = 0 } },
        { "cpus", new HardwareOptions { Cpus = 256 } },
        { "cpuFrequencyMhz", new HardwareOptions { CpuFrequencyMhz = 0 } },
        { "memory", new HardwareOptions { Frames = 0 } },
        { "memory", new HardwareOptions { Paging = PagingMode.I386TwoLevel, Frames = (1L << 20) + 1 } },
        { "dram.ranks to 2", new HardwareOptions { Frames = (1L << 21) + 1 } },
        { "dram.ranks", new HardwareOptions { Dram = new() { Ranks = 3 } } },
        { "flatLatencyCycles", new HardwareOptions { Dram = new() { FlatLatencyCycles = 0 } } },
        { "pdeCacheEntries", new HardwareOptions { Tlb = new() { PdeCacheEntries = 33 } } },
        { "l2HitCycles", new HardwareOptions { Tlb = new() { L2HitCycles = -1 } } },
        { "L1Data", new HardwareOptions { Tlb = new() { L1Data = new(60, 4) } } },
        { "L1Data", new HardwareOptions { Tlb = new() { L1Data = new(64, 16) } } },
        { "L2", new HardwareOptions { Tlb = new() { L2 = new(0, 0) } } },
        { "syscallEntryCycles", new HardwareOptions { Cpu = new() { SyscallEntryCycles = -1 } } },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void AreRefused(string setting, HardwareOptions options)
    {
        var error = Assert.Throws<ArgumentException>(() => new HardwareState(options));
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownDramPresetIsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => DramTimings.ByName("sdram"));
        Assert.Contains("ddr4-2400", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1L << 30, 1), InlineData(8L << 30, 1), InlineData((8L << 30) + 1, 2), InlineData(1L << 40, 128)]
    public void RanksHoldTheMemory(long bytes, int ranks) => Assert.Equal(ranks, DramOptions.RanksFor(bytes));

    [Fact]
    public void TheLargestMachinesAreMade()
    {
        _ = new HardwareState(new HardwareOptions { Paging = PagingMode.I386TwoLevel, Frames = 1 << 20 });
        _ = new HardwareState(new HardwareOptions { Frames = 1L << 28, Dram = new() { Ranks = 128 } });
    }
}
