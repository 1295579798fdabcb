using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

public class TaskRunnerTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
    private const ulong At = 0x1000_0000;

    [Theory]
    [InlineData(KernelProfile.X86_64, 1, false)]
    [InlineData(KernelProfile.X86_64, 2, true)]
    [InlineData(KernelProfile.I386Classic, 1, false)]
    public void TasksShareCpusAndNothingElse(KernelProfile profile, int cpus, bool pcid)
    {
        var machine = new TestMachine(profile, cpus, pcid);
        int[] pids = [.. Enumerable.Range(0, 4).Select(i => machine.Virtual.Tasks.Start($"task{i}", i % cpus, Toucher(64, rounds: 10_000), -1))];
        Assert.Equal([1, 2, 3, 4], pids);
        machine.Run(30_000_000_000);
        long[] frames = [.. pids.SelectMany(pid => Enumerable.Range(0, 64).Select(page => machine.FrameAt(pid, At + ((ulong)page << 12))))];
        Assert.DoesNotContain(-1, frames);
        Assert.Equal(frames.Length, frames.Distinct().Count());
        machine.AssertInvariants();
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.All(pids, pid => Assert.True(machine.Tasks[pid].Switches > 1));
        Assert.All(pids, pid => Assert.Equal((TaskState.Dead, 7), (machine.Tasks[pid].State, machine.Tasks[pid].ExitCode)));
        Assert.All(pids, pid => Assert.Equal(64, machine.Spaces.Faults(pid).Minor));
        machine.AssertInvariants();
    }

    /// <summary>Maps pages at one address, writes them over and over, and ends with code 7.</summary>
    private static IProgram Toucher(int pages, int rounds)
    {
        MemoryAccess[] accesses = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store))];
        int done = 0;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                Assert.Equal((long)At, task.Calls.Mmap(task, At, (ulong)pages << 12, ReadWrite, Anonymous | MapFlags.Fixed));
            }
            while (!task.IsOver && done < pages * rounds)
            {
                done += task.Run(accesses.AsSpan(done % pages));
            }
            if (done < pages * rounds)
            {
                return ProgramStatus.Running;
            }
            task.ExitCode = 7;
            return ProgramStatus.Exited;
        });
    }

    [Theory]
    [InlineData(0UL, AccessKind.Load)]
    [InlineData(0x4000UL, AccessKind.Store)]
    [InlineData(At + 4096, AccessKind.Store)]
    [InlineData(At, AccessKind.Fetch)]
    [InlineData(0xffff_8880_0000_0000UL, AccessKind.Load)]
    [InlineData(0x8000_0000_0000UL, AccessKind.Load)]
    public void ForbiddenAccessesEndTheTask(ulong address, AccessKind kind)
    {
        var machine = new TestMachine();
        bool after = false;
        int pid = machine.Virtual.Tasks.Start("bad", 0, new ScriptedProgram((task, _) =>
        {
            task.Calls.Mmap(task, At, 4096, ReadWrite, Anonymous | MapFlags.Fixed);
            task.Calls.Mmap(task, At + 4096, 4096, ProtFlags.Read, Anonymous | MapFlags.Fixed);
            Assert.True(task.Access(At, 4, AccessKind.Store));
            after = task.Access(address, 1, kind);
            return ProgramStatus.Running;
        }), -1);
        int other = machine.Virtual.Tasks.Start("good", 0, Toucher(4, 10), -1);
        machine.Run();
        Assert.False(after);
        Assert.Equal((TaskState.Dead, Signal.Segv), (machine.Tasks[pid].State, (int)machine.Tasks[pid].Signal));
        Assert.Equal((TaskState.Dead, 0, 7), (machine.Tasks[other].State, (int)machine.Tasks[other].Signal, machine.Tasks[other].ExitCode));
        Assert.Equal(CpuMode.Kernel, machine.Machine.Cpus[0].Mode);
        machine.AssertInvariants();
    }

    [Fact]
    public void SystemCallsFaultTheirBuffersIn()
    {
        var machine = new TestMachine();
        var results = new List<long>();
        int pid = machine.Virtual.Tasks.Start("reader", 0, new ScriptedProgram((task, _) =>
        {
            task.Calls.Mmap(task, At, 16 << 12, ReadWrite, Anonymous | MapFlags.Fixed);
            results.Add(task.Calls.Other(task, 0, [new UserBuffer(At + 4000, 5000, Write: true)], 5000));
            results.Add(task.Calls.Other(task, 1, [new UserBuffer(At + (8 << 12), 100, Write: false)], 100));
            results.Add(task.Calls.Other(task, 1, [new UserBuffer(At + (15 << 12), 4097, Write: false)], 4097));
            results.Add(task.Calls.Other(task, 0, [new UserBuffer(0, 1, Write: true)], 1));
            task.SleepPs = 1_000_000_000;
            return results.Count > 4 ? ProgramStatus.Exited : ProgramStatus.Sleeping;
        }), -1);
        machine.Run(500_000_000);
        Assert.Equal([5000, 100, -(long)Errno.EFAULT, -(long)Errno.EFAULT], results);
        Assert.Equal(TaskState.Sleeping, machine.Tasks[pid].State);
        Assert.Equal(0, machine.Tasks.Current(0));
        bool[] present = [.. Enumerable.Range(0, 16).Select(p => machine.FrameAt(pid, At + ((ulong)p << 12)) >= 0)];
        Assert.Equal([0, 1, 2, 8, 15], Enumerable.Range(0, 16).Where(p => present[p]));
        Assert.Equal(machine.Spaces.ZeroPfn, machine.FrameAt(pid, At + (8 << 12)));
        Assert.Equal(3, machine.Spaces[pid].AnonRss);
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        machine.AssertInvariants();
    }

    [Fact]
    public void WithoutMemoryTheFaultingTaskIsKilled()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        int pid = machine.Virtual.Tasks.Start("hog", 0, new ScriptedProgram((task, step) =>
        {
            ulong at = (ulong)task.Calls.Mmap(task, 0, 16 << 20, ReadWrite, Anonymous);
            for (ulong page = 0; page < 4096 && task.Access(at + (page << 12), 8, AccessKind.Store); page++)
            {
            }
            return ProgramStatus.Running;
        }), -1);
        machine.Run();
        Assert.Equal((TaskState.Dead, Signal.Kill), (machine.Tasks[pid].State, (int)machine.Tasks[pid].Signal));
        Assert.Null(machine.Spaces.Find(pid));
        machine.AssertInvariants();
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 1, false)]
    [InlineData(KernelProfile.X86_64, 3, true)]
    [InlineData(KernelProfile.I386Classic, 2, false)]
    public void TheLogFoldsToTheLiveState(KernelProfile profile, int cpus, bool pcid)
    {
        var log = new MemoryLog();
        TestMachine machine = Busy(profile, cpus, pcid, log);
        var state = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, state.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), state.Hash(_ => true));
        machine.AssertInvariants();
        Assert.Null(AddressSpaceInvariants.Violation(state.Virtual.Spaces, state.Memory.Pages.Frames));

        var again = new MemoryLog();
        TestMachine second = Busy(profile, cpus, pcid, again);
        Assert.Equal(log.Bytes, again.Bytes);
        Assert.Equal(machine.Machine.State.Hash(_ => true), second.Machine.State.Hash(_ => true));
    }

    private static TestMachine Busy(KernelProfile profile, int cpus, bool pcid, MemoryLog log)
    {
        var machine = new TestMachine(profile, cpus, pcid, sink: log);
        for (int i = 0; i < 5; i++)
        {
            machine.Virtual.Tasks.Start($"busy{i % 3}", i % cpus, Wanderer((ulong)i), -1);
        }
        machine.Run(60_000_000_000);
        Assert.Contains(Enumerable.Range(1, 5), pid => machine.Tasks[pid].State != TaskState.Dead);
        machine.Journal.Complete();
        return machine;
    }

    /// <summary>Maps, protects, unmaps, touches, grows its heap, sleeps, and now and then accesses what it may not.</summary>
    private static IProgram Wanderer(ulong seed)
    {
        var random = new RandomStream(seed, "wanderer");
        var batch = new MemoryAccess[32];
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                // What a loader does.
                task.Calls.Mmap(task, At, 64 << 12, ReadWrite, Anonymous | MapFlags.Fixed);
            }
            while (!task.IsOver)
            {
                ulong draw = random.NextUInt64();
                ulong start = At + (draw >> 8) % 48 * 4096, length = (1 + (draw >> 16) % 16) * 4096;
                switch (draw % 40)
                {
                    case 0:
                        task.Calls.Munmap(task, start, length);
                        break;
                    case 1 or 2:
                        task.Calls.Mmap(task, start, length, ReadWrite, Anonymous | MapFlags.Fixed);
                        break;
                    case 3:
                        task.Calls.Mprotect(task, start, length, ProtFlags.Read);
                        task.Calls.Mprotect(task, start, length, ReadWrite);
                        break;
                    case 4:
                        task.Calls.Mmap(task, 0, length, ReadWrite, (draw >> 30) % 2 == 0 ? Anonymous : MapFlags.Anonymous | MapFlags.Shared);
                        break;
                    case 5:
                        task.SleepPs = (long)(draw >> 30) % 5_000_000_000;
                        return ProgramStatus.Sleeping;
                    default:
                        // All but one access in a thousand or so is to what is mapped for sure.
                        task.Calls.Mmap(task, start, 4096, ReadWrite, Anonymous | MapFlags.FixedNoReplace);
                        for (int i = 0; i < batch.Length; i++)
                        {
                            batch[i] = new MemoryAccess(start + (draw >> i) % 4089, 8, (draw >> i) % 3 == 0 ? AccessKind.Store : AccessKind.Load);
                        }
                        if (draw % 9_001 == 13)
                        {
                            batch[7] = new MemoryAccess(0x10, 1, AccessKind.Load);
                        }
                        task.Run(batch);
                        break;
                }
            }
            return ProgramStatus.Running;
        });
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 1, false)]
    [InlineData(KernelProfile.X86_64, 2, true)]
    [InlineData(KernelProfile.I386Classic, 2, false)]
    public void NoTranslationOutlivesItsPage(KernelProfile profile, int cpus, bool pcid)
    {
        var machine = new TestMachine(profile, cpus, pcid);
        for (int i = 0; i < 4; i++)
        {
            machine.Virtual.Tasks.Start($"busy{i}", i % cpus, Wanderer((ulong)i + 10), -1);
        }
        int entries = 0;
        for (long until = 0; until < 40_000_000_000; until += 100_000_000)
        {
            machine.Run(until);
            entries += machine.AssertTranslationsAreTrue();
        }
        Assert.True(entries > 10_000, $"only {entries} translations were there to check");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void AWriteProtectedPageIsNotWrittenOnceMore(int pages)
    {
        var machine = new TestMachine();
        int reached = 0;
        int pid = machine.Virtual.Tasks.Start("late", 0, new ScriptedProgram((task, _) =>
        {
            ulong length = (ulong)pages << 12;
            task.Calls.Mmap(task, At, length, ReadWrite, Anonymous | MapFlags.Fixed);
            for (ulong page = 0; page < (ulong)pages; page++)
            {
                Assert.True(task.Access(At + (page << 12), 8, AccessKind.Store));
            }
            task.Calls.Mprotect(task, At, length, ProtFlags.Read);
            Assert.True(task.Access(At, 8, AccessKind.Load));
            reached++;
            if (!task.Access(At + length - 8, 8, AccessKind.Store))
            {
                return ProgramStatus.Running;
            }
            reached++;
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal((1, Signal.Segv), (reached, (int)machine.Tasks[pid].Signal));
    }

    [Fact]
    public void AQuantumOfZeroStillMakesProgress()
    {
        var machine = new TestMachine(quantumPs: 0);
        int pid = machine.Virtual.Tasks.Start("slow", 0, Toucher(8, 5), -1);
        machine.Run();
        Assert.Equal((TaskState.Dead, 7), (machine.Tasks[pid].State, machine.Tasks[pid].ExitCode));
    }
}
