using System.Globalization;
using System.IO.Compression;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Replacement;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 6: replacement of pages to disk when memory is exhausted. Miss counts are libCacheSim's
/// (traces/replacement/results.csv).
/// </summary>
public sealed class Mission06ReplacementTests
{
    /// <summary>A process of one and a quarter times the memory there is runs to its end; its pages go out and come back.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386)]
    public void AProcessLargerThanMemoryRuns(KernelProfile profile)
    {
        PressedMachine run = Exhaust(profile);
        TestMachine machine = run.Machine;
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        long tooMany = run.Pages - machine.Machine.State.Memory.Pages.Zones.Sum(z => z.ManagedPages);
        Assert.True(tooMany > 0);
        Assert.Equal((TaskState.Dead, 7), (machine.Tasks[1].State, machine.Tasks[1].ExitCode));
        Assert.True(reclaim[VmEvent.Pswpout] >= tooMany && reclaim[VmEvent.Pswpin] > 0, "pages go out and come in");
        Assert.True(reclaim[VmEvent.WorkingsetRefaultAnon] > 0);
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        // Slots: none is left behind but those set aside or still of cached pages.
        Assert.Equal(reclaim.Swap.PutAside + reclaim.Swap.Cache.Count, reclaim.Swap.Area.InUse);
        machine.AssertInvariants();
    }

    /// <summary>Whatever is written out is a process's anonymous page; frames of the kernel's own are never taken.</summary>
    [Fact]
    public void KernelPagesAreNeverSwapped()
    {
        PressedMachine run = Exhaust(KernelProfile.X86_64);
        TestMachine machine = run.Machine;
        var state = new MachineState(machine.Options);
        List<string> text = run.Log.Text(machine.Catalogue);
        long written = 0;
        FrameTable frames = state.Memory.Pages.Frames;
        run.Log.Fold(machine.Catalogue, state.Appliers, after: sequence =>
        {
            string line = text[(int)sequence];
            if (line.StartsWith("reclaim.unmap ", StringComparison.Ordinal) || line.StartsWith("reclaim.pageout ", StringComparison.Ordinal))
            {
                long pfn = long.Parse(line.Split("pfn=0x")[1].Split(' ')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                Assert.Equal((FrameState.Allocated, FrameUse.Anon), (frames[pfn].State, frames[pfn].Use));
                written++;
            }
        });
        Assert.True(written > 1_000);
    }

    /// <summary>A page that comes back takes the time of the device: never less than a solid-state disk's read, and longer from a disk that turns.</summary>
    [Fact]
    public void SwappingInTakesTheDevicesTime()
    {
        TestMachine ssd = Exhaust(KernelProfile.X86_64).Machine, hdd = Exhaust(KernelProfile.X86_64, SwapDevice.Hdd).Machine;
        long major = ssd.Spaces.TotalFaults.Major, readPs = new Sim.Hardware.Devices.SolidStateOptions().ReadNs * 1_000L;
        Assert.True(major > 100 && hdd.Spaces.TotalFaults.Major > 100);
        Assert.True(ssd.Machine.Scheduler.NowPs > major * readPs, $"{ssd.Machine.Scheduler.NowPs} ps for {major} major faults");
        Assert.True(hdd.Machine.Scheduler.NowPs > 2 * ssd.Machine.Scheduler.NowPs, $"{hdd.Machine.Scheduler.NowPs} ps");
    }

    /// <summary>Every policy of the row exists, and its misses on the trace are those of other people's programs.</summary>
    [Theory]
    [InlineData("fifo")]
    [InlineData("lru")]
    [InlineData("lfu")]
    [InlineData("clock")]
    [InlineData("belady")]
    public void MissesAreThoseOfOtherPrograms(string policy)
    {
        string folder = Path.Combine(RealKernel.Root(), "traces", "replacement");
        string[][] rows = [.. File.ReadLines(Path.Combine(folder, "results.csv")).Skip(1).Select(l => l.Split(',')).Where(r => r[0] == "loopscan" && r[1] == policy)];
        Assert.NotEmpty(rows);
        int[] references = References(Path.Combine(folder, "loopscan.txt.gz"));
        foreach (string[] row in rows)
        {
            Assert.Equal(long.Parse(row[4], CultureInfo.InvariantCulture), Misses(policy, references, int.Parse(row[2], CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>None of the policies, the kernel's own among them, is better than OPT, which knows the future; none loads less than each page once.</summary>
    [Fact]
    public void OptIsTheReference()
    {
        string[] row = ["fifo", "second-chance", "clock", "lru", "nru", "lfu", "aging", "working-set", "linux", "mglru"];
        int[] references = References(Path.Combine(RealKernel.Root(), "traces", "replacement", "zipf.txt.gz"))[..30_000];
        long optimum = Misses("opt", references, 500);
        Assert.InRange(optimum, references.Distinct().Count(), references.Length / 2);
        foreach (string policy in row)
        {
            Assert.True(Misses(policy, references, 500) >= optimum, policy);
        }
    }

    private static int[] References(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#').Select(l => int.Parse(l.Split(' ')[0], CultureInfo.InvariantCulture))];
    }

    private static long Misses(string policy, int[] references, int frames)
    {
        PolicyDescription found = ReplacementPolicies.Find(policy)!;
        var run = new ReplacementRun(found, frames, future: found.NeedsFuture ? new FutureReferences(references, references.Max() + 1) : null);
        foreach (int page in references)
        {
            run.Reference(page);
        }
        return run.Misses;
    }

    private static PressedMachine Exhaust(KernelProfile profile, SwapDevice device = SwapDevice.Ssd) =>
        new PressedMachine(profile, managed => managed * 5 / 4, visits: 1_500, device: device).Run();
}
