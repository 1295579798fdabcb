using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Exec;

/// <summary>Trees of processes that are larger than memory: pages are in swap when they are forked, written, executed away and freed.</summary>
public class ProcessTreePressureTests
{
    private const ulong At = 0x1000_0000;
    private const int Pages = 9_000, Children = 3, Depth = 2;

    [Theory]
    [InlineData(KernelProfile.X86_64, SwapDevice.Ssd, 1)]
    [InlineData(KernelProfile.I386Pae, SwapDevice.Zram, 2)]
    public void NoFrameAndNoSlotIsLeftBehind(KernelProfile profile, SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, cpus, bytes: 96L << 20, sink: log, swap: new SwapOptions { Device = device, Size = 512L << 20 });
        Programs programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        long before = Available(machine);
        machine.Virtual.Tasks.Start("tree", 0, Branch(machine, programs, Depth, seed: 1), -1);
        machine.Run();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        Assert.True(reclaim[VmEvent.Pswpout] > 1_000 && reclaim[VmEvent.Pswpin] > 100, $"{reclaim[VmEvent.Pswpout]} out, {reclaim[VmEvent.Pswpin]} in");
        int tasks = machine.Tasks.MaxPid;
        Assert.Equal(1 + Children + Children * (Children + 1), tasks);
        Assert.All(Enumerable.Range(1, tasks), pid => Assert.Equal((TaskState.Dead, (byte)0, 0), (machine.Tasks[pid].State, machine.Tasks[pid].Signal, machine.Tasks[pid].Children)));
        Assert.All(Enumerable.Range(1, tasks), pid => Assert.Null(machine.Spaces.Find(pid)));
        machine.AssertInvariants();
        SwapState swap = reclaim.Swap;
        Assert.Equal(before, Available(machine) + swap.Cache.Count + swap.PoolFrames.Count + machine.Spaces.Cache.Count);
        Assert.Equal(swap.PutAside + swap.Cache.Count, swap.Area.InUse);
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>Writes part of the memory it has, makes children that do so too, one of the leaves by vfork and execve, and waits for them.</summary>
    private static ScriptedProgram Branch(TestMachine machine, Programs programs, int depth, ulong seed)
    {
        var random = new RandomStream(seed, "branch");
        int root = depth == Depth ? Pages : 0, made = 0, done = 0, before = depth == Depth ? Pages : Pages / 3;
        MemoryAccess[] accesses =
        [
            .. Enumerable.Range(0, root).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, Pages / 2).Select(_ => new MemoryAccess(At + (random.NextBelow(Pages) << 12), 8, random.NextBelow(3) == 0 ? AccessKind.Load : AccessKind.Store)),
        ];
        int children = depth == 0 ? 0 : depth == 1 ? Children + 1 : Children;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0 && root > 0)
            {
                Assert.Equal((long)At, task.Calls.Mmap(
                    task, At, Pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed));
            }
            while (!task.IsOver)
            {
                int until = made < children ? before : accesses.Length;
                if (done < until)
                {
                    done += task.Run(accesses.AsSpan(done, until - done));
                }
                else if (made < children)
                {
                    ulong childSeed = seed * 7 + (ulong)++made;
                    long child = depth == 1 && made == children
                        ? machine.Virtual.Tasks.Vfork(task, Executes(machine, programs))
                        : machine.Virtual.Tasks.Fork(task, Branch(machine, programs, depth - 1, childSeed));
                    Assert.True(child > 0);
                }
                else if (machine.Virtual.Tasks.Wait4(task, -1, hang: true, out _) == -(long)Errno.ECHILD)
                {
                    return ProgramStatus.Exited;
                }
            }
            return ProgramStatus.Running;
        });
    }

    private static ScriptedProgram Executes(TestMachine machine, Programs programs) => new((task, step) =>
    {
        // In its parent's memory, where pages may be in swap.
        if (step < 20)
        {
            task.Access(At + ((ulong)(step * 397 % Pages) << 12), 8, AccessKind.Store);
            return ProgramStatus.Running;
        }
        if (step == 20)
        {
            Assert.NotNull(machine.Virtual.Programs.Execve(task, "/pie", ProgramArguments.Of("/pie", ["/pie"], []), programs, out _));
            return ProgramStatus.Running;
        }
        return ProgramStatus.Exited;
    });

    private static long Available(TestMachine machine) =>
        machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
}
