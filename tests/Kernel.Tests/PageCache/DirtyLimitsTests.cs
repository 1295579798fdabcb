using Sim.Kernel.PageCache;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.PageCache;

/// <summary>How many pages may be dirty, from what the machine's own views say of its zones.</summary>
public class DirtyLimitsTests
{
    /// <summary>
    /// Free memory above the reserves and pages of files, in whole 4096ths: of 10 % and 20 % that is 409 and 819 (<c>domain_dirty_limits</c>). High
    /// memory counts with its high watermark at most, which its zone keeps from nobody else.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 96)]
    [InlineData(KernelProfile.X86_64, 5_120)]
    [InlineData(KernelProfile.I386, 1_536)]
    public void TheyAreWhatTheZonesSay(KernelProfile profile, long mebibytes)
    {
        var machine = new TestMachine(profile, bytes: mebibytes << 20, pageCache: new PageCacheOptions { Device = FileDevice.Ssd });
        IReadOnlyList<ZoneInfoRow> zones = ZoneInfo.Rows(machine.Machine.State.Memory.Pages);
        long reserve = zones.Sum(z => Math.Min(z.Protection.Max() + z.High, z.Managed));
        ZoneInfoRow[] high = [.. zones.Where(z => z.Zone == "HighMem")];
        Assert.Equal(profile == KernelProfile.I386, high.Any(z => z.Managed > 0));
        long low = zones.Except(high).Sum(z => z.Free), dirtyable = low - reserve + high.Sum(z => z.High) + 1;
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal(
            new DirtyLimits(dirtyable * 409 / 4096, dirtyable * 819 / 4096),
            DirtyLimits.Of(machine.Machine.State.Memory.Pages, reclaim.Lru, machine.Options.Kernel.PageCache));
        Assert.Equal(dirtyable * 819 / 4096, VmStat.Rows(machine.Machine.State).Single(r => r.Key == "nr_dirty_threshold").Value);
    }
}
