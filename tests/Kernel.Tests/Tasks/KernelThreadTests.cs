using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

/// <summary>Threads of the kernel are tasks among others.</summary>
public sealed class KernelThreadTests
{
    private const ulong At = 0x1000_0000;
    private const long Millisecond = 1_000_000_000;
    private const int Kswapd = 4_194_303;

    /// <summary>kswapd gets its share of the one CPU and no more, however long it has work, and does not keep others from theirs.</summary>
    [Fact]
    public void ThreadsShareACpuWithPrograms()
    {
        (TestMachine machine, MemoryLog log) = Pressed(cpus: 1);
        machine.Run(400 * Millisecond);
        TaskInfo kswapd = machine.Tasks[Kswapd], computes = machine.Tasks[1];
        Assert.Equal("kswapd0", machine.Journal.Symbols[kswapd.Comm]);
        Assert.Equal((0, -1L, TaskWeight.Nice0, 0), (kswapd.Mm, kswapd.StackPfn, kswapd.Weight, kswapd.Parent));
        Assert.True(kswapd.RuntimeNs > 1_000_000, $"{kswapd.RuntimeNs} ns");
        long all = machine.Tasks.Pids.Sum(pid => machine.Tasks[pid].RuntimeNs);
        Assert.InRange(all, 380_000_000, 400_000_000);
        // Two programs and kswapd at most.
        Assert.True(computes.RuntimeNs > 400_000_000 / 3 - 10_000_000, $"{computes.RuntimeNs} ns");
        Assert.Equal((2, 2), (machine.Tasks.MaxPid, machine.Tasks.Live));
        machine.AssertInvariants();
        Assert.Null(TlbInvariants.Violation(machine.Machine.State));

        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>All that kswapd does, it does while its CPU runs it; the timer interrupts it, and it makes way when its part is over.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void KswapdWorksOnlyWhileACpuRunsIt(int cpus)
    {
        (TestMachine machine, MemoryLog log) = Pressed(cpus);
        machine.Run(300 * Millisecond);
        machine.Journal.Complete();
        var state = new MachineState(machine.Options);
        ReclaimState reclaim = state.Memory.Reclaim!;
        TaskTable tasks = state.Virtual.Tasks;
        long steals = reclaim[VmEvent.PgstealKswapd], interrupted = 0, kept = 0, preempted = 0;
        int[] depth = new int[cpus], current = new int[cpus];
        log.Fold(machine.Catalogue, state.Appliers, after: _ =>
        {
            bool stole = reclaim[VmEvent.PgstealKswapd] != steals;
            steals = reclaim[VmEvent.PgstealKswapd];
            int cpu = Enumerable.Range(0, cpus).FirstOrDefault(c => tasks.Current(c) == Kswapd, -1);
            Assert.True(!stole || cpu >= 0, "kswapd reclaimed while no CPU ran it");
            for (int c = 0; c < cpus; c++)
            {
                int now = state.Hardware.Cpus.Depth(c);
                if (tasks.Current(c) == Kswapd)
                {
                    Assert.Equal(CpuMode.Kernel, state.Hardware.Cpus.Mode(c));
                    interrupted += current[c] == Kswapd && now > depth[c] ? 1 : 0;
                    // It borrows the address space.
                    kept += current[c] != Kswapd && state.Virtual.Tlb.Loaded(c) != 0 ? 1 : 0;
                }
                preempted += current[c] == Kswapd && tasks.Current(c) != Kswapd && tasks[Kswapd].State == TaskState.Running ? 1 : 0;
                (depth[c], current[c]) = (now, tasks.Current(c));
            }
        });
        Assert.True(steals > 1_000);
        Assert.True(interrupted > 0);
        // With one CPU it takes over from a program and gives way to one; with three it has one for itself.
        Assert.Equal((cpus == 1, cpus == 1), (kept > 0, preempted > 0));
    }

    /// <summary>The flusher is a worker with a name of its own; it is not there before there is something to write.</summary>
    [Fact]
    public void TheFlusherIsAWorker()
    {
        var machine = new TestMachine(cpus: 2, pageCache: new PageCacheOptions { Device = FileDevice.Ssd, DirtyExpireCentisecs = 10, DirtyWritebackCentisecs = 10 });
        int file = machine.Journal.Intern("/data");
        machine.Virtual.Calls.Create(file, 0, -1);
        machine.Virtual.Tasks.Start("writer", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 1 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                Assert.Equal(4_096, task.Calls.Write(task, new MappedFile(file, Readable: true, Writable: true), At, 4_096, 0));
            }
            task.SleepPs = 20 * Millisecond;
            return step < 40 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
        }), -1);
        machine.Run(50 * Millisecond);
        Assert.Equal(0, machine.Tasks.Threads);
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.Equal(1, machine.Tasks.Threads);
        TaskInfo worker = machine.Tasks[Kswapd];
        Assert.Equal(("kworker/u4:flush", TaskState.Sleeping), (machine.Journal.Symbols[worker.Comm], worker.State));
        Assert.True(worker.Switches > 0);
        Assert.Equal(0, machine.Machine.State.Memory.Reclaim!.Files.Dirty);
    }

    /// <summary>One program computes, another one visits more memory than there is.</summary>
    private static (TestMachine Machine, MemoryLog Log) Pressed(int cpus)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(
            cpus: cpus, bytes: 96L << 20, sink: log, tasks: new TaskOptions { TimerHz = 1_000 },
            swap: new SwapOptions { Device = SwapDevice.Zram, Size = 256L << 20 });
        var batch = new MemoryAccess[64];
        machine.Virtual.Tasks.Start("computes", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 1 << 12, ProtFlags.Read, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                Array.Fill(batch, new MemoryAccess(At, 8, AccessKind.Load));
            }
            task.Run(batch);
            return ProgramStatus.Running;
        }), -1);
        const int Pages = 26_000;
        int at = 0;
        machine.Virtual.Tasks.Start("visits", 0, new ScriptedProgram((task, step) =>
        {
            for (int piece = 0; step == 0 && piece < Pages; piece += 1_000)
            {
                task.Calls.Mmap(
                    task, At + ((ulong)piece << 12), 1_000 << 12, ProtFlags.Read | ProtFlags.Write,
                    MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            while (!task.IsOver && task.Access(At + ((ulong)at << 12), 8, AccessKind.Store))
            {
                at = (at + 1) % Pages;
            }
            return ProgramStatus.Running;
        }), -1);
        return (machine, log);
    }
}
