using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

/// <summary>
/// The allocator against real kernels, frame by frame: stock Debian 6.1 kernels in one-CPU guests. Nothing is corrected on
/// the way, so one different answer or list order shows to the end.
/// </summary>
public sealed class RecordedKernelTests
{
    [Theory]
    [InlineData("pages-6.1-amd64-256.txt.gz", 256, 27_568, 1)]
    [InlineData("pages-6.1-amd64-512.txt.gz", 512, 6_542, 3)]
    public void Amd64_EveryFrameAndEveryListAreTheKernels(string recording, int megabytes, int allocations, int checks)
    {
        MemoryMap map = MemoryMap.FromSize((long)megabytes << 20);
        Replay(recording, ZoneProfile.Of(KernelProfile.X86_64, new ZoneLimits(), map), map, allocations, checks);
    }

    /// <summary>Three zones, of which HighMem begins in the middle of a page block, at 879 MiB.</summary>
    [Fact]
    public void I686Pae_EveryFrameAndEveryListAreTheKernels()
    {
        MemoryMap map = MemoryMap.FromSize(1536L << 20);
        var profile = new ZoneProfile(KernelProfile.I386Classic, 9, 40, true, 1 << 24,
            [ZoneType.Dma, ZoneType.Normal, ZoneType.HighMem, ZoneType.Movable], [0x1000, 0x36ffe, 1 << 24, 0]);
        Replay("pages-6.1-i686-pae-1536.txt.gz", profile, map, 25_471, 2);
    }

    private static void Replay(string recording, ZoneProfile profile, MemoryMap map, int allocations, int checks)
    {
        var kernel = new RecordedKernel(recording, profile, map);
        kernel.Run();
        Assert.Equal((allocations, checks), (kernel.Allocations, kernel.Checks));
    }
}
