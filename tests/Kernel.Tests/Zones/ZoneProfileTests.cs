using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Zones;

public sealed class ZoneProfileTests
{
    /// <summary>Start, span and present pages of zones, from /proc/zoneinfo of a stock kernel in a machine of that size.</summary>
    [Theory]
    [InlineData(256, ZoneType.Dma, 1, 4095, 3998)]
    [InlineData(256, ZoneType.Dma32, 0x1000, 61399, 61399)]
    [InlineData(512, ZoneType.Dma32, 0x1000, 126935, 126935)]
    [InlineData(1024, ZoneType.Dma32, 0x1000, 258007, 258007)]
    [InlineData(1024, ZoneType.Normal, 0, 0, 0)]
    [InlineData(4608, ZoneType.Dma32, 0x1000, 1044480, 782295)]
    [InlineData(4608, ZoneType.Normal, 0x100000, 393216, 393216)]
    public void X86_64_ZonesEqualARealKernels(int megabytes, ZoneType type, long start, long spanned, long present)
    {
        MemoryMap map = MemoryMap.FromSize((long)megabytes << 20);
        ZoneRange range = ZoneProfile.Of(KernelProfile.X86_64, new ZoneLimits(), map).Cut(map).Single(z => z.Type == type);
        Assert.Equal(new ZoneRange(type, start, spanned, present), range);
    }

    /// <summary>Lowmem of a 6.1 kernel for 686 ends at 875 MiB; given that limit the rest of the row follows.</summary>
    [Fact]
    public void I386_HighMemBeginsWhereLowmemEnds()
    {
        MemoryMap map = MemoryMap.FromSize(1536L << 20);
        ZoneProfile classic = ZoneProfile.Of(KernelProfile.I386Classic, new ZoneLimits(), map);
        ZoneRange[] zones = classic.Cut(map);
        Assert.Equal(new ZoneRange(ZoneType.Normal, 0x1000, 0x37000, 0x37000), zones[1]);
        Assert.Equal(new ZoneRange(ZoneType.HighMem, 0x38000, 0x5ffd7 - 0x38000, 0x5ffd7 - 0x38000), zones[2]);

        ZoneRange[] smaller = ZoneProfile.Of(KernelProfile.I386Classic, new ZoneLimits { LowmemEnd = 512L << 20 }, map).Cut(map);
        Assert.Equal(0x20000, smaller[2].StartPfn);
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 128, 256, 0, 0)]
    [InlineData(KernelProfile.I386Classic, 512, 0, 0, 896)]
    [InlineData(KernelProfile.X86_64, 256, 0, 8, 0)]
    [InlineData(KernelProfile.X86_64, 256, -4, 0, 0)]
    public void ZoneLimit_ThatCannotBe_IsRefused(KernelProfile profile, int megabytes, int dma, int dma32, int lowmem)
    {
        MemoryMap map = MemoryMap.FromSize((long)megabytes << 20);
        var limits = new ZoneLimits { DmaEnd = (long)dma << 20, Dma32End = (long)dma32 << 20, LowmemEnd = (long)lowmem << 20 };
        var e = Assert.Throws<ImpossibleMachineException>(() => ZoneProfile.Of(profile, limits, map));
        Assert.StartsWith("kernel.zones.", e.Option, StringComparison.Ordinal);
    }

    [Fact]
    public void I386_CannotReachBeyondFourGiB()
    {
        var e = Assert.Throws<ImpossibleMachineException>(
            () => ZoneProfile.Of(KernelProfile.I386Classic, new ZoneLimits(), MemoryMap.FromSize(8L << 30)));
        Assert.Equal("machine.memory", e.Option);
    }

    [Theory]
    [InlineData(GfpFlags.Kernel, ZoneType.Normal, ZoneType.Normal, MigrateType.Unmovable)]
    [InlineData(GfpFlags.HighUserMovable, ZoneType.Movable, ZoneType.Movable, MigrateType.Movable)]
    [InlineData(GfpFlags.HighUser, ZoneType.Normal, ZoneType.HighMem, MigrateType.Unmovable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Dma, ZoneType.Dma, ZoneType.Dma, MigrateType.Unmovable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Dma32, ZoneType.Dma32, ZoneType.Normal, MigrateType.Unmovable)]
    [InlineData(GfpFlags.User | GfpFlags.Movable, ZoneType.Normal, ZoneType.Normal, MigrateType.Movable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Reclaimable, ZoneType.Normal, ZoneType.Normal, MigrateType.Reclaimable)]
    public void Gfp_SelectsZoneAndMigratetype(GfpFlags gfp, ZoneType onX86_64, ZoneType onI386, MigrateType type)
    {
        Assert.Equal(onX86_64, Gfp.HighestZone(gfp, hasDma32: true, hasHighMem: false));
        Assert.Equal(onI386, Gfp.HighestZone(gfp, hasDma32: false, hasHighMem: true));
        Assert.Equal(type, Gfp.MigrateTypeOf(gfp));
    }

    /// <summary>Values in traces of a 6.1 kernel.</summary>
    [Fact]
    public void Gfp_HasTheKernelsBits()
    {
        Assert.Equal(0xcc0, (int)GfpFlags.Kernel);
        Assert.Equal(0xa20, (int)GfpFlags.Atomic);
        Assert.Equal(0x100cca, (int)GfpFlags.HighUserMovable);
    }
}
