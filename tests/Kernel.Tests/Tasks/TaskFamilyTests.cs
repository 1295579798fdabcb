using Sim.Hardware.Cpu;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

/// <summary>What fork, vfork, exit and wait4 make of parents and children.</summary>
public class TaskFamilyTests
{
    private const ulong At = 0x1000_0000;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    [Fact]
    public void AChildThatEndedIsAZombieUntilItsParentWaits()
    {
        var machine = new TestMachine();
        var seen = new List<long>();
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            switch (step)
            {
                case 0:
                    Assert.Equal(-(long)Errno.ECHILD, machine.Virtual.Tasks.Wait4(task, -1, hang: true, out _));
                    Assert.Equal(2, machine.Virtual.Tasks.Fork(task, Ends(3)));
                    Assert.Equal(0, machine.Virtual.Tasks.Wait4(task, -1, hang: false, out _));
                    task.SleepPs = 1_000_000_000;
                    return ProgramStatus.Sleeping;
                case 1:
                    Assert.Equal((TaskState.Zombie, 1), (machine.Tasks[2].State, machine.Tasks[1].Children));
                    Assert.Null(machine.Spaces.Find(2));
                    Assert.Equal(-1, machine.Tasks[2].StackPfn);
                    Assert.Contains("State:\tZ (zombie)", Status.Render(machine.Machine.State.Virtual, 2, machine.Journal.Symbols));
                    Assert.Equal(-(long)Errno.ECHILD, machine.Virtual.Tasks.Wait4(task, 7, hang: true, out _));
                    Assert.Equal(2, machine.Virtual.Tasks.Wait4(task, 2, hang: true, out TaskInfo ended));
                    Assert.Equal((3, (byte)0), (ended.ExitCode, ended.Signal));
                    Assert.Equal((TaskState.Dead, 0), (machine.Tasks[2].State, machine.Tasks[1].Children));
                    Assert.Equal(3, machine.Virtual.Tasks.Fork(task, Ends(4)));
                    return ProgramStatus.Running;
                default:
                    seen.Add(machine.Virtual.Tasks.Wait4(task, -1, hang: true, out _));
                    return seen[^1] == -(long)Errno.ECHILD ? ProgramStatus.Exited : ProgramStatus.Running;
            }
        }), -1);
        machine.Run();
        // It sleeps until the child has ended, and asks again.
        Assert.Equal([-(long)Errno.ERESTARTSYS, 3, -(long)Errno.ECHILD], seen);
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.Equal(TaskState.Dead, machine.Tasks[1].State);
    }

    [Fact]
    public void ChildrenOutliveTheirParent()
    {
        var machine = new TestMachine();
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            switch (step)
            {
                case 0:
                    machine.Virtual.Tasks.Fork(task, Ends(0));
                    machine.Virtual.Tasks.Fork(task, Sleeps(5_000_000_000));
                    task.SleepPs = 1_000_000_000;
                    return ProgramStatus.Sleeping;
                default:
                    Assert.Equal((TaskState.Zombie, TaskState.Sleeping), (machine.Tasks[2].State, machine.Tasks[3].State));
                    return ProgramStatus.Exited;
            }
        }), -1);
        machine.Run(3_000_000_000);
        Assert.Equal((TaskState.Dead, TaskState.Dead, TaskState.Sleeping), (machine.Tasks[1].State, machine.Tasks[2].State, machine.Tasks[3].State));
        Assert.Equal(0, machine.Tasks[3].Parent);
        machine.Run();
        Assert.Equal(TaskState.Dead, machine.Tasks[3].State);
    }

    /// <summary>The child writes what its parent reads; no page is copied, and the parent stands still until the child executes a program or ends.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, false, "/static")]
    [InlineData(KernelProfile.X86_64, true, "/static")]
    [InlineData(KernelProfile.X86_64, true, "/none")]
    [InlineData(KernelProfile.I386Pae, false, "/pie")]
    [InlineData(KernelProfile.I386Classic, false, "/none")]
    public void AVforkedChildHasItsParentsMemory(KernelProfile profile, bool pcid, string path)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, cpus: 2, pcid, sink: log);
        Programs programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        long free = FreePages(machine);
        var limits = new ResourceLimits(512L << 20, -1, -1, -1);
        bool left = false, resumed = false;
        var child = new ScriptedProgram((task, step) =>
        {
            switch (step)
            {
                case 0:
                    Assert.Equal((2, 1), (task.Pid, task.Mm));
                    Assert.True(task.Access(At, 8, AccessKind.Store));
                    Assert.True(task.Access(At + 0x1000, 8, AccessKind.Store));
                    Assert.Equal(2, machine.Spaces[1].AnonRss);
                    task.SleepPs = 10_000_000_000;
                    return ProgramStatus.Sleeping;
                case 1:
                    Assert.False(resumed);
                    Assert.Equal(TaskState.DiskSleep, machine.Tasks[1].State);
                    Assert.Null(machine.Spaces.Find(2));
                    Assert.Equal(1, machine.Machine.State.Virtual.MmOf(2));
                    Assert.Equal(Status.Row(machine.Machine.State.Virtual, 1, machine.Journal.Symbols).VmRss, Status.Row(machine.Machine.State.Virtual, 2, machine.Journal.Symbols).VmRss);
                    Assert.Contains("VmRSS", Status.Render(machine.Machine.State.Virtual, 2, machine.Journal.Symbols), StringComparison.Ordinal);
                    left = true;
                    bool executed = machine.Virtual.Programs.Execve(task, path, ProgramArguments.Of(path, [path], []), programs, out _) is not null;
                    Assert.Equal(path != "/none", executed);
                    return executed ? ProgramStatus.Running : ProgramStatus.Exited;
                default:
                    Assert.Equal(2, task.Mm);
                    Assert.Equal(2, machine.Machine.State.Virtual.MmOf(2));
                    // The parent's limit on stacks is the child's, and its mappings begin below room for such a stack.
                    Assert.Equal(limits, machine.Spaces[2].Limits);
                    Assert.Equal(machine.Spaces.Layout.MmapBaseOf(limits.StackBytes), machine.Spaces[2].MmapBase);
                    Assert.NotEqual(machine.Spaces.Layout.MmapBase, machine.Spaces[2].MmapBase);
                    Assert.True(task.Access(machine.Spaces[2].StartStack, 8, AccessKind.Store));
                    machine.AssertTranslationsAreTrue();
                    return ProgramStatus.Exited;
            }
        });
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 0x4000, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
                Assert.True(task.Access(At, 8, AccessKind.Store));
                machine.Virtual.Mapping.SetLimits(1, limits, -1);
                Assert.Equal(2, machine.Virtual.Tasks.Vfork(task, child));
                Assert.True(task.IsOver);
                return ProgramStatus.Running;
            }
            Assert.True(left);
            resumed = true;
            // Both pages are there, the one the child brought too.
            Assert.Equal(2, machine.Spaces[1].AnonRss);
            Assert.True(task.Access(At + 0x1000, 8, AccessKind.Load));
            long waited = machine.Virtual.Tasks.Wait4(task, 2, hang: true, out _);
            return waited == 2 ? ProgramStatus.Exited : ProgramStatus.Running;
        }), -1);
        machine.Run();
        Assert.True(resumed && machine.Virtual.Tasks.AllEnded);
        Assert.Equal(0, machine.Machine.State.Virtual.MmOf(2));
        Assert.Equal(free, FreePages(machine) + machine.Spaces.Cache.Count);
        machine.AssertInvariants();
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>The memory that a vforked child fills is its parent's, which is chosen when there is no more; both die, the child first.</summary>
    [Fact]
    public void WhoSharesTheVictimsMemoryDiesToo()
    {
        var machine = new TestMachine(bytes: 96L << 20, reclaim: new ReclaimOptions { Enabled = true });
        long free = FreePages(machine);
        int pages = (int)free + 2_000;
        MemoryAccess[] accesses = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store))];
        int done = 0;
        var child = new ScriptedProgram((task, _) =>
        {
            done += task.Run(accesses.AsSpan(done));
            return done < pages ? ProgramStatus.Running : ProgramStatus.Exited;
        });
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            Assert.Equal(0, step);
            for (int piece = 0; piece < pages; piece += 1_024)
            {
                ulong start = At + ((ulong)piece << 12);
                Assert.Equal((long)start, task.Calls.Mmap(task, start, 1_024 << 12, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed));
            }
            Assert.Equal(2, machine.Virtual.Tasks.Vfork(task, child));
            return ProgramStatus.Running;
        }), -1);
        machine.Run();
        Assert.Equal([1], machine.Machine.State.Virtual.Oom!.Victims);
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.All([1, 2], pid => Assert.Equal((TaskState.Dead, (byte)Signal.Kill), (machine.Tasks[pid].State, machine.Tasks[pid].Signal)));
        Assert.InRange(done, pages / 2, pages - 1);
        machine.AssertInvariants();
        Assert.Equal(free, FreePages(machine));
    }

    /// <summary>A vforked child that waits for a page of its parent's memory is woken by the device's answer, not by the timer of half a second.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AVforkedChildIsWokenWhenItsPageIsThere(int cpus)
    {
        var machine = new TestMachine(cpus: cpus, reclaim: new ReclaimOptions { Enabled = true });
        int file = machine.Journal.Intern("/data");
        // Far apart, so that none is read around another.
        ulong[] pages = [.. Enumerable.Range(0, 20).Select(i => At + ((ulong)i << 22))];
        int done = 0;
        long endPs = 0;
        var child = new ScriptedProgram((task, _) =>
        {
            done += done < pages.Length && task.Access(pages[done], 8, AccessKind.Load) ? 1 : 0;
            endPs = task.Cpu.TimePs;
            return done < pages.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        });
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 20UL << 22, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file, true, false));
                Assert.Equal(2, machine.Virtual.Tasks.Vfork(task, child));
                return ProgramStatus.Running;
            }
            return machine.Virtual.Tasks.Wait4(task, 2, hang: true, out _) == 2 ? ProgramStatus.Exited : ProgramStatus.Running;
        }), -1);
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.Equal(pages.Length, done);
        Assert.Equal(pages.Length, machine.Spaces.TotalFaults.Major);
        Assert.InRange(endPs, 1, 100_000_000_000);
        machine.AssertInvariants();
    }

    private static ScriptedProgram Ends(int exitCode) => new((task, _) =>
    {
        task.ExitCode = exitCode;
        return ProgramStatus.Exited;
    });

    private static ScriptedProgram Sleeps(long timePs) => new((task, step) =>
    {
        task.SleepPs = timePs;
        return step == 0 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
    });

    private static long FreePages(TestMachine machine)
    {
        machine.Machine.Pages.DrainAll(machine.Machine.Cpus[0], -1);
        return machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages);
    }
}
