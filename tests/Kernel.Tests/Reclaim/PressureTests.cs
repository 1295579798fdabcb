using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;
using static Sim.Kernel.Tests.Support.Pressure;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Machines whose tasks need more memory than there is.</summary>
public class PressureTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64, SwapDevice.Ssd, 2)]
    [InlineData(KernelProfile.X86_64, SwapDevice.Hdd, 1)]
    [InlineData(KernelProfile.I386, SwapDevice.Ssd, 1)]
    [InlineData(KernelProfile.I386Pae, SwapDevice.Zram, 2)]
    public void TasksLargerThanMemoryRun_AndEverythingIsGivenBack(KernelProfile profile, SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        // Slices so short that neither has ended before the other has all its memory.
        var slices = new TaskOptions { TimerHz = 10_000, LatencyNs = 500_000, MinGranularityNs = 100_000 };
        TestMachine machine = Make(profile, cpus, device, swapBytes: 256L << 20, log, tasks: slices);
        long before = Available(machine);
        int pages = (int)(before / 2) + 1_000;
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task % cpus, Visitor(pages, visits: 2_000, seed: (ulong)task), -1);
        }
        machine.Run(2_000_000_000_000);
        machine.AssertInvariants();
        machine.Run();
        AssertBothSwappedAndEnded(machine);
        AssertAllGivenBack(machine, before);

        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>kswapd is woken when a zone is below its low watermark, and sleeps when one is above the high one.</summary>
    [Fact]
    public void KswapdWakesAndSleepsAtTheWatermarks()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(KernelProfile.X86_64, 1, SwapDevice.Ssd, swapBytes: 256L << 20, log);
        machine.Virtual.Tasks.Start("task", 0, Visitor((int)Available(machine) + 4_000, visits: 6_000, seed: 1), -1);
        machine.Run();
        machine.Journal.Complete();
        var state = new MachineState(machine.Options);
        ReclaimState reclaim = state.Memory.Reclaim!;
        long wakes = 0, sleeps = 0, wakesWithoutBoost = 0;
        bool awake = false;
        log.Fold(machine.Catalogue, state.Appliers, after: _ =>
        {
            if (reclaim.KswapdAwake == awake)
            {
                return;
            }
            awake = reclaim.KswapdAwake;
            if (awake)
            {
                wakes++;
                // Or blocks of another migratetype were broken up, which raises the watermarks for a while.
                Assert.True(
                    state.Memory.Pages.Zones.Any(z => z.WatermarkBoost > 0) || !state.Memory.Pages.Zones.Any(z =>
                        z.IsPopulated && z.FreePagesCounter > z.Watermark(Watermark.Low) + z.LowmemReserve(ZoneType.Movable)));
                wakesWithoutBoost += state.Memory.Pages.Zones.Any(z => z.WatermarkBoost > 0) ? 0 : 1;
            }
            else
            {
                sleeps++;
                Assert.Contains(state.Memory.Pages.Zones, z =>
                    z.IsPopulated && z.FreePagesCounter > z.Watermark(Watermark.High) + z.LowmemReserve(ZoneType.Movable));
            }
        });
        Assert.True(wakesWithoutBoost > 0);
        Assert.Equal(wakes, sleeps);
        Assert.Equal(machine.Machine.State.Memory.Reclaim!.KswapdWakes, reclaim.KswapdWakes);
    }

    /// <summary>When swap is full too, the largest process is killed, and the others live.</summary>
    [Fact]
    public void TheLargestIsKilled_WhenNothingIsLeft()
    {
        TestMachine machine = Make(KernelProfile.X86_64, 2, SwapDevice.Ssd, swapBytes: 8L << 20, new MemoryLog());
        long before = Available(machine);
        machine.Virtual.Tasks.Start("small", 0, Visitor(500, visits: 200, seed: 1), -1);
        machine.Virtual.Tasks.Start("large", 1, Visitor((int)before + 5_000, visits: 10, seed: 2), -1);
        machine.Virtual.Tasks.Start("middle", 0, Visitor(2_000, visits: 200, seed: 3), -1);
        machine.Run();
        Assert.Equal([2], machine.Machine.State.Virtual.Oom!.Victims);
        Assert.Equal((TaskState.Dead, Signal.Kill), (machine.Tasks[2].State, (int)machine.Tasks[2].Signal));
        Assert.All([1, 3], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        AssertAllGivenBack(machine, before);
        string report = OomReportView.Render(machine.Machine.State.Virtual.Oom, machine.Tasks, machine.Journal.Symbols);
        Assert.Contains("invoked oom-killer: gfp_mask=0x100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0", report);
        Assert.Contains("Out of memory: Killed process 2 (large)", report);
        Assert.Contains("[      2]     0     2 ", report);
        Assert.Contains("Free swap  = 0kB", report);
    }

    /// <summary>A child names the slots of its parent's pages too, and what is read in again is neither's alone.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386)]
    public void SlotsAreSharedByForks(KernelProfile profile)
    {
        TestMachine machine = Make(profile, 2, SwapDevice.Ssd, swapBytes: 256L << 20, new MemoryLog());
        int pages = (int)Available(machine) + 2_000;
        machine.Virtual.Tasks.Start("parent", 0, Visitor(pages, visits: 1_000_000, seed: 1), -1);
        machine.Run(100_000_000_000);
        AddressSpace parent = machine.Spaces[1];
        SwapState swap = machine.Machine.State.Memory.Reclaim!.Swap;
        Assert.True(parent.SwapEntries > 1_000);
        // The child has no program: its CPU is never set going.
        CpuClock cpu = machine.Machine.Cpus[1];
        int child = (int)machine.Virtual.Processes.Fork(1, "child", cpu, -1);
        Assert.Equal(2, child);
        AddressSpace copy = machine.Spaces[child];
        Assert.Equal((parent.AnonRss, parent.SwapEntries), (copy.AnonRss, copy.SwapEntries));
        machine.AssertInvariants();
        ulong address = Enumerable.Range(0, pages).Select(i => At + ((ulong)i << 12))
            .First(a => SwapFormat.IsSlot(machine.Spaces.Tables.ReadPte(parent.Root, a)) && swap.Find(SlotAt(machine, 1, a)) < 0);
        int slot = SlotAt(machine, 1, address);
        Assert.Equal((2, slot), (swap.Area.CountOf(slot), SlotAt(machine, child, address)));
        // The child writes: the page is read in, but is not its own, so that the same fault copies it.
        FaultResult Write() => machine.Virtual.Faults.Handle(child, address, PageFaultErrorCode.Write | PageFaultErrorCode.User, cpu, -1, out _);
        FaultResult result = Write();
        while (result == FaultResult.Blocked)
        {
            machine.Machine.Scheduler.Step();
            result = Write();
        }
        Assert.Equal(FaultResult.Resolved, result);
        ulong entry = machine.Spaces.Tables.ReadPte(copy.Root, address);
        Assert.Equal(PteFlags.Write, (PteFlags)entry & (PageProtection.NotExclusive | PteFlags.Write));
        Assert.Equal(1, swap.Area.CountOf(slot));
        Assert.NotEqual(machine.FrameAt(child, address), swap.Find(slot));
        machine.AssertInvariants();
        machine.Virtual.Processes.Exit(child, 0, 0, cpu, -1);
        Assert.Equal((1, slot), (swap.Area.CountOf(slot), SlotAt(machine, 1, address)));
        machine.AssertInvariants();
    }

    private static int SlotAt(TestMachine machine, int pid, ulong address) =>
        SwapFormat.SlotOf(machine.Options.Hardware.Paging, machine.Spaces.Tables.ReadPte(machine.Spaces[pid].Root, address));

    /// <summary>Without swap, pages of files are all that can go; they come back as refaults.</summary>
    [Fact]
    public void FilePagesAreReclaimedWithoutSwap()
    {
        var machine = new TestMachine(bytes: 96L << 20, reclaim: new ReclaimOptions { Enabled = true });
        long before = Available(machine);
        int pages = (int)before + 500;
        int file = machine.Journal.Intern("/data");
        MemoryAccess[] reads = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Load))];
        int done = 0;
        machine.Virtual.Tasks.Start("reader", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, (ulong)pages << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file, true, false));
            }
            done += done < 2 * pages ? task.Run(reads.AsSpan(done % pages)) : 0;
            return done < 2 * pages ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.True(reclaim[VmEvent.PgstealFile] > 500);
        Assert.True(reclaim[VmEvent.WorkingsetRefaultFile] > 500);
        Assert.Equal(0, reclaim[VmEvent.PgstealAnon] + reclaim[VmEvent.OomKill]);
        machine.AssertInvariants();
        Assert.Equal(machine.Spaces.Cache.Count, reclaim.Lru.Size(LruList.InactiveFile) + reclaim.Lru.Size(LruList.ActiveFile) + reclaim.Lru.Batch(0).Length);
    }
}
