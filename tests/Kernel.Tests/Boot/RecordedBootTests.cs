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

    /// <summary>
    /// Without the calls in the log: from the memory map, the sizes of RAM disk and log and the length of the command line,
    /// every reservation is computed and placed, and what is left is what the kernel had left, to the frame.
    /// </summary>
    [Theory]
    [InlineData("amd64-256")]
    [InlineData("amd64-256-mixed")]
    [InlineData("amd64-512")]
    [InlineData("amd64-512-thp")]
    [InlineData("amd64-1024")]
    [InlineData("amd64-4608")]
    [InlineData("i686-pae-1536")]
    [InlineData("i686-1536")]
    public void ComputedReservations_LeaveWhatTheKernelHadLeft(string machine)
    {
        BootLog log = BootRecording.Log(machine);
        ZoneProfile profile = BootRecording.ProfileOf(log);
        var options = new KernelOptions
        {
            Profile = log.Profile,
            Boot = new BootOptions
            {
                InitrdBytes = log.FreedLater.Single(f => f.Reason == ReserveReason.Initrd).Range.Pages << Page.Shift,
                LogBufferBytes = 1 << 20,
                CommandLineBytes = (int)log.Allocations.First(a => a.Caller.StartsWith("start_kernel", StringComparison.Ordinal)).Size - 1,
            },
        };
        BootPlan real = log.Plan(profile), computed = BootPlan.Of(profile, log.Map, options, log.Cpus);
        Assert.Equal(Free(real), Free(computed));
        Assert.Equal(real.FreedLater, computed.FreedLater);
        Assert.Equal(real.Deferred, computed.Deferred);
        // The log says what the kernel kept for its CPUs' areas; they are all of that, one behind the other.
        Assert.Equal(log.Cpus, computed.PerCpuAreas.Count);
        Assert.Equal(
            real.Reservations.Where(r => r.Reason == ReserveReason.PerCpuAreas).SelectMany(r => Frames(r.Range)), computed.PerCpuAreas.SelectMany(Frames));

        static IEnumerable<long> Frames(PageRange range)
        {
            for (long pfn = range.StartPfn; pfn < range.EndPfn; pfn++)
            {
                yield return pfn;
            }
        }
    }

    /// <summary>Where a request to memblock ends up follows from what was taken before; the kernel's own answers are in its log.</summary>
    [Theory]
    [InlineData("amd64-256", 45)]
    [InlineData("amd64-4608", 50)]
    [InlineData("i686-pae-1536", 40)]
    [InlineData("i686-1536", 38)]
    public void Memblock_PlacesEveryRequestWhereTheKernelDid(string machine, int least)
    {
        BootLog log = BootRecording.Log(machine);
        ZoneProfile profile = BootRecording.ProfileOf(log);
        int placed = 0;
        BootLog.Read(new StringReader(BootRecording.LogText(machine)), machine, (memblock, asked) =>
        {
            memblock.CurrentLimit = Math.Min(log.Map.EndPfn, profile.DirectMapEndPfn) << Page.Shift;
            Assert.Equal(asked.Address, memblock.Alloc(asked.Size, asked.Align, asked.Min, asked.Max));
            placed++;
        });
        Assert.Equal(log.Allocations.Count, placed);
        Assert.InRange(placed, least, 1000);
    }

    private static string Free(BootPlan plan) => string.Join(' ', plan.HighMem.Concat(plan.Released).Concat(plan.Deferred)
        .Select(r => $"{r.StartPfn:x}-{r.EndPfn:x}"));

    internal static PageAllocatorState HandOver(BootLog log)
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
