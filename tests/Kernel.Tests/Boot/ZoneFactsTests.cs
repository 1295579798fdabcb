using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Events;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Boot;

/// <summary>
/// What stock Debian 6.1 kernels show in /proc/zoneinfo once they run. Each machine is booted from its log: the firmware's
/// map and the calls of memblock give what is handed over, and the lines "Freeing … memory" what is freed later. Nothing else
/// comes from the log, and nothing of the rows from anywhere but this table.
/// </summary>
public sealed class ZoneFactsTests
{
    /// <param name="Start">First pfn.</param>
    /// <param name="Spanned">Frame numbers from first to last.</param>
    /// <param name="Present">Frames with memory.</param>
    /// <param name="Managed">Frames of the allocator.</param>
    /// <param name="Min">Watermark min.</param>
    /// <param name="Low">Watermark low.</param>
    /// <param name="High">Watermark high.</param>
    /// <param name="Reserve">lowmem_reserve by zone.</param>
    /// <param name="PcpHigh">Limit of the per-CPU lists.</param>
    /// <param name="PcpBatch">Their batch.</param>
    public sealed record Row(
        long Start, long Spanned, long Present, long Managed, long Min, long Low, long High, string Reserve, int PcpHigh, int PcpBatch);

    public static TheoryData<string, ZoneType, Row> Rows => new()
    {
        { "amd64-256", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 35, 43, 51, "0, 172, 172, 172, 172", 43, 1) },
        { "amd64-256", ZoneType.Dma32, new(0x1000, 61399, 61399, 47687, 401, 501, 601, "0, 0, 0, 0, 0", 501, 7) },
        { "amd64-512", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 22, 27, 32, "0, 423, 423, 423, 423", 27, 1) },
        { "amd64-512", ZoneType.Dma32, new(0x1000, 126935, 126935, 112103, 647, 808, 969, "0, 0, 0, 0, 0", 808, 31) },
        { "amd64-1024", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 15, 18, 21, "0, 927, 927, 927, 927", 18, 1) },
        { "amd64-1024", ZoneType.Dma32, new(0x1000, 258007, 258007, 240935, 963, 1203, 1443, "0, 0, 0, 0, 0", 1203, 63) },
        { "amd64-4608", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 7, 10, 13, "0, 2933, 4379, 4379, 4379", 10, 1) },
        { "amd64-4608", ZoneType.Dma32, new(0x1000, 1044480, 782295, 754593, 1413, 2164, 2915, "0, 0, 1446, 1446, 1446", 2164, 63) },
        { "amd64-4608", ZoneType.Normal, new(0x100000, 393216, 393216, 370243, 696, 1066, 1436, "0, 0, 0, 0, 0", 1066, 63) },
        { "i686-pae-1536", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 16, 20, 24, "0, 823, 1479, 1479", 20, 1) },
        { "i686-pae-1536", ZoneType.Normal, new(0x1000, 221182, 221182, 212421, 906, 1132, 1358, "0, 0, 5246, 5246", 1132, 63) },
        { "i686-pae-1536", ZoneType.HighMem, new(0x36ffe, 167897, 167897, 167897, 128, 308, 488, "0, 0, 0, 0", 308, 31) },
        { "i686-1536", ZoneType.Dma, new(0x1, 4095, 3998, 3840, 16, 20, 24, "0, 820, 1479, 1479", 20, 1) },
        { "i686-1536", ZoneType.Normal, new(0x1000, 220158, 220158, 211441, 904, 1130, 1356, "0, 0, 5278, 5278", 1130, 63) },
        { "i686-1536", ZoneType.HighMem, new(0x36bfe, 168921, 168921, 168921, 128, 309, 490, "0, 0, 0, 0", 309, 31) },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void ZoneAfterBoot_IsTheKernels(string machine, ZoneType type, Row expected)
    {
        PageAllocatorState state = Boot(BootRecording.Log(machine));
        Zone zone = state.Zone(type);
        PerCpuPages pcp = zone.PerCpu[0];
        Assert.Equal(expected, new Row(zone.StartPfn, zone.SpannedPages, zone.PresentPages, zone.ManagedPages,
            zone.Watermark(Watermark.Min), zone.Watermark(Watermark.Low), zone.Watermark(Watermark.High),
            string.Join(", ", state.Zones.Select(z => zone.LowmemReserve(z.Type))), pcp.High, pcp.Batch));
        Assert.Null(PageInvariants.Violation(state));
    }

    /// <summary>The promo watermark, from the lists read out of the stopped guests.</summary>
    [Theory]
    [InlineData("amd64-256", ZoneType.Dma32, 701)]
    [InlineData("amd64-512", ZoneType.Dma32, 1130)]
    [InlineData("i686-pae-1536", ZoneType.Normal, 1584)]
    [InlineData("i686-pae-1536", ZoneType.HighMem, 668)]
    public void PromoWatermark_IsTheKernels(string machine, ZoneType type, long promo) =>
        Assert.Equal(promo, Boot(BootRecording.Log(machine)).Zone(type).Watermark(Watermark.Promo));

    /// <summary>Managed pages at the moments, from the stopped guest: at hand-over, and when the threads' work begins.</summary>
    [Fact]
    public void ManagedPages_GrowAlongTheBoot()
    {
        Zone zone = Boot(BootRecording.Log("amd64-256")).Zone(ZoneType.Dma32);
        Assert.Equal([44092, 44092, 44101, 44101, 47687], Enum.GetValues<BootMoment>().Select(zone.ManagedAt));
        zone = Boot(BootRecording.Log("amd64-512")).Zone(ZoneType.Dma32);
        Assert.Equal([48111, 48111, 108517, 108517, 112103], Enum.GetValues<BootMoment>().Select(zone.ManagedAt));
    }

    /// <summary>
    /// With transparent huge pages two zones get eleven page blocks each, 45,056 KiB, as every such machine shows; below 512 MiB
    /// of managed memory the kernel leaves huge pages out.
    /// </summary>
    [Theory]
    [InlineData("amd64-1024", 45_056)]
    [InlineData("amd64-4608", 67_584)]
    [InlineData("amd64-512-thp", 2_681)]
    public void HugePages_RaiseTheReserve(string machine, long minFreeKbytes) =>
        Assert.Equal(minFreeKbytes, Boot(BootRecording.Log(machine), TransparentHugePages.Always).MinFreeKbytes);

    /// <summary>Boot is events: applied again they give the same zones, lists and moments.</summary>
    [Theory]
    [InlineData("amd64-4608")]
    [InlineData("i686-pae-1536")]
    public void Fold_OfABoot_GivesTheLiveState(string machine)
    {
        BootLog log = BootRecording.Log(machine);
        var events = new MemoryLog();
        PageAllocatorState live = Boot(log, sink: events);
        var folded = new PageAllocatorState(BootRecording.ProfileOf(log), log.Map, log.Cpus);
        events.Fold(Catalogue(), [folded]);
        Assert.Equal(HashOf(live), HashOf(folded));
        Assert.Equal(live.Zones.Select(z => z.ManagedAt(BootMoment.Watermarks)), folded.Zones.Select(z => z.ManagedAt(BootMoment.Watermarks)));
        Assert.Equal(BootRecording.Describe(live), BootRecording.Describe(folded));
    }

    private static EventCatalogue Catalogue()
    {
        var catalogue = new EventCatalogue();
        KernelEvents.AddTo(catalogue);
        return catalogue;
    }

    private static ulong HashOf(PageAllocatorState state)
    {
        var hash = new XxHash64(0);
        state.HashInto(ref hash);
        return hash.Finish();
    }

    private static PageAllocatorState Boot(BootLog log, TransparentHugePages hugePages = TransparentHugePages.Never, IBlockSink? sink = null)
    {
        var journal = new Journal(sink ?? new NullBlockSink(), Catalogue());
        ZoneProfile profile = BootRecording.ProfileOf(log);
        var state = new PageAllocatorState(profile, log.Map, log.Cpus);
        BootLoader.Boot(state, log.Plan(profile), new KernelOptions { Profile = log.Profile, TransparentHugePages = hugePages }, journal);
        journal.Complete();
        return state;
    }
}
