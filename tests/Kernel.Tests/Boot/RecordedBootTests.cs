using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Boot;

/// <summary>Boot against real kernels: from the firmware's map and the calls of memblock to the free lists.</summary>
public sealed class RecordedBootTests
{
    /// <summary>Zones, every free list in order and the types of all page blocks, right after memblock handed its memory over.</summary>
    [Theory]
    [InlineData("amd64-256")]
    [InlineData("amd64-256-mixed")]
    [InlineData("amd64-512")]
    public void HandOver_LeavesTheListsOfTheKernel(string machine)
    {
        BootLog log = BootRecording.Log(machine);
        PageAllocatorState state = HandOver(log);
        Assert.Equal(BootRecording.Lists(machine), BootRecording.Describe(state));
        Assert.Null(PageInvariants.Violation(state));
    }

    /// <summary>The frames freed after hand-over lie where the kernels freed them: in the traces of the same boots.</summary>
    [Theory]
    [InlineData("amd64-256", "3306+9 f9a0+1584 4203+509 3044+706 1e02+510 28eb+277")]
    [InlineData("i686-pae-1536", "1e8c+8 366d3+1291 1da4+232")]
    public void FramesFreedLater_AreThoseTheKernelFreed(string machine, string expected) =>
        Assert.Equal(expected, string.Join(' ', BootRecording.Log(machine).FreedLater.Select(f => $"{f.Range.StartPfn:x}+{f.Range.Pages}")));

    private static PageAllocatorState HandOver(BootLog log)
    {
        var catalogue = new EventCatalogue();
        KernelEvents.AddTo(catalogue);
        var journal = new Journal(new NullBlockSink(), catalogue);
        ZoneProfile profile = BootRecording.ProfileOf(log);
        var state = new PageAllocatorState(profile, log.Map, log.Cpus);
        BootLoader.HandOver(state, log.Plan(profile), new KernelOptions { Profile = log.Profile }, journal);
        return state;
    }
}
