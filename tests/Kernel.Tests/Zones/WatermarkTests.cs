using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Zones;

/// <summary>
/// The computations beside what stock Debian 6.1 kernels showed in /proc/zoneinfo. The managed pages are those at the time
/// the kernel computed: what its boot log reports as memory less reserved memory, and the 36 KiB of SMP alternatives.
/// </summary>
public sealed class WatermarkTests
{
    private static readonly ZoneType[] Amd64 = [ZoneType.Dma, ZoneType.Dma32, ZoneType.Normal, ZoneType.Movable, ZoneType.Device];
    private static readonly ZoneType[] I686 = [ZoneType.Dma, ZoneType.Normal, ZoneType.HighMem, ZoneType.Movable];

    /// <param name="Type">Zone.</param>
    /// <param name="Managed">Input.</param>
    /// <param name="Min">Min watermark.</param>
    /// <param name="Low">Low watermark.</param>
    /// <param name="High">High watermark.</param>
    /// <param name="Reserve">lowmem_reserve.</param>
    /// <param name="Batch">Batch of the per-CPU lists; their limit is the low watermark or four batches.</param>
    public sealed record Expected(ZoneType Type, long Managed, long Min, long Low, long High, long[] Reserve, int Batch);

    public static TheoryData<string, int, Expected[]> Machines => new()
    {
        { "amd64, 256 MB", 1, [
            new(ZoneType.Dma, 3840, 35, 43, 51, [0, 172, 172, 172, 172], 1),
            new(ZoneType.Dma32, 44092 + 9, 401, 501, 601, [0, 0, 0, 0, 0], 7)] },
        { "amd64, 512 MB", 1, [
            new(ZoneType.Dma, 3840, 22, 27, 32, [0, 423, 423, 423, 423], 1),
            new(ZoneType.Dma32, ((523732 - 74340) / 4) - 3840 + 9, 647, 808, 969, [0, 0, 0, 0, 0], 31)] },
        { "amd64, 1 GB", 2, [
            new(ZoneType.Dma, 3840, 15, 18, 21, [0, 927, 927, 927, 927], 1),
            new(ZoneType.Dma32, ((1048020 - 83300) / 4) - 3840 + 9, 963, 1203, 1443, [0, 0, 0, 0, 0], 63)] },
        { "amd64, 4.5 GB", 2, [
            new(ZoneType.Dma, 3840, 7, 10, 13, [0, 2933, 4379, 4379, 4379], 1),
            new(ZoneType.Dma32, ((4718036 - 217712) / 4) - 3840 - 370243 + 9, 1413, 2164, 2915, [0, 0, 1446, 1446, 1446], 63),
            new(ZoneType.Normal, 370243, 696, 1066, 1436, [0, 0, 0, 0, 0], 63)] },
        { "686-pae, 1.5 GB", 2, [
            new(ZoneType.Dma, 3840, 16, 20, 24, [0, 823, 1479, 1479], 1),
            new(ZoneType.Normal, ((1572308 - 41800 - 671588) / 4) - 3840 + 9, 906, 1132, 1358, [0, 0, 5246, 5246], 63),
            new(ZoneType.HighMem, 167897, 128, 308, 488, [0, 0, 0, 0], 31)] },
        { "686, 1.5 GB", 2, [
            new(ZoneType.Dma, 3840, 16, 20, 24, [0, 820, 1479, 1479], 1),
            new(ZoneType.Normal, ((1572308 - 41608 - 675684) / 4) - 3840 + 9, 904, 1130, 1356, [0, 0, 5278, 5278], 63),
            new(ZoneType.HighMem, 168921, 128, 309, 490, [0, 0, 0, 0], 31)] },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Watermarks_ReservesAndListSizes_EqualARealKernels(string machine, int computations, Expected[] expected)
    {
        Assert.NotEmpty(machine);
        ZoneType[] types = expected.Any(e => e.Type == ZoneType.HighMem) ? I686 : Amd64;
        var zones = types.Select(type => Make(type, expected.FirstOrDefault(e => e.Type == type)?.Managed ?? 0)).ToList();
        for (int i = 0; i < computations; i++)
        {
            Watermarks.Set(zones, Watermarks.MinFreeKbytes(zones), cpus: 1);
            Watermarks.SetLowmemReserve(zones);
        }
        foreach (Expected e in expected)
        {
            Zone zone = zones.Single(z => z.Type == e.Type);
            Assert.Equal((e.Min, e.Low, e.High), (zone.Watermark(Watermark.Min), zone.Watermark(Watermark.Low), zone.Watermark(Watermark.High)));
            Assert.Equal(e.Reserve, types.Select(zone.LowmemReserve));
            Assert.Equal((e.Batch, e.Low), (zone.PerCpu[0].Batch, zone.PerCpu[0].High));
        }
    }

    [Fact]
    public void ListLimit_IsSharedByTheCpus_ButHoldsFourBatches()
    {
        Assert.Equal(601, PcpSizing.High(1203, 2, 63));
        Assert.Equal(252, PcpSizing.High(1203, 8, 63));
    }

    [Fact]
    public void SquareRoot_IsTheGreatestWhoseSquareFits()
    {
        for (long value = 0; value < 3_000_000_000; value += 1 + (value / 3))
        {
            long root = Watermarks.SquareRoot(value);
            Assert.True(root * root <= value && (root + 1) * (root + 1) > value);
        }
    }

    private static Zone Make(ZoneType type, long managed) =>
        new(new ZoneRange(type, 0, managed, managed), 9, 0, [new PerCpuPages(0)]) { ManagedPages = managed };
}
