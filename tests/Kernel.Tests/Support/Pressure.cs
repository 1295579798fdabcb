using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Tests.Support;

/// <summary>Machines too small for their tasks, and what must be true of them.</summary>
internal static class Pressure
{
    /// <summary>Where the tasks have their pages.</summary>
    public const ulong At = 0x1000_0000;

    /// <summary>Slices so short that neither of two tasks has ended before the other has all its memory.</summary>
    public static TaskOptions Slices { get; } = new() { TimerHz = 10_000, LatencyNs = 500_000, MinGranularityNs = 100_000 };

    /// <summary>A machine of 96 MiB with a swap area.</summary>
    public static TestMachine Make(
        KernelProfile profile, int cpus, SwapDevice device, long swapBytes, MemoryLog log, TransparentHugePages huge = TransparentHugePages.Never,
        TaskOptions? tasks = null, ReclaimOptions? reclaim = null) =>
        new(profile, cpus, bytes: 96L << 20, sink: log, tasks: tasks, swap: new SwapOptions { Device = device, Size = swapBytes }, huge: huge, reclaim: reclaim);

    /// <summary>Maps pages, writes each once, and then visits some at random; ends with code 7.</summary>
    public static ScriptedProgram Visitor(int pages, int visits, ulong seed)
    {
        var random = new RandomStream(seed, "visits");
        MemoryAccess[] accesses =
        [
            .. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, visits).Select(i => new MemoryAccess(
                At + (random.NextBelow((ulong)pages) << 12), 8, i % 2 == 0 ? AccessKind.Load : AccessKind.Store)),
        ];
        int done = 0;
        return new ScriptedProgram((task, step) =>
        {
            // In pieces: none of them is more than the kernel promises at once.
            for (int piece = 0; step == 0 && piece < pages; piece += 1_024)
            {
                ulong start = At + ((ulong)piece << 12), length = (ulong)Math.Min(1_024, pages - piece) << 12;
                Assert.Equal((long)start, task.Calls.Mmap(
                    task, start, length, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed));
            }
            done += task.Run(accesses.AsSpan(done));
            task.ExitCode = 7;
            return done < accesses.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        });
    }

    /// <summary>Frames that the allocator has, those of the per-CPU lists included.</summary>
    public static long Available(TestMachine machine) =>
        machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));

    /// <summary>Two <see cref="Visitor"/>s were swapped out, came back to what was, and ended by themselves.</summary>
    public static ReclaimState AssertBothSwappedAndEnded(TestMachine machine)
    {
        Assert.True(machine.Virtual.Tasks.AllEnded);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Assert.True(reclaim[VmEvent.Pswpout] > 1_000);
        Assert.True(reclaim[VmEvent.Pswpin] > 0);
        Assert.True(machine.Spaces.TotalFaults.Major > 0);
        Assert.True(reclaim[VmEvent.WorkingsetRefaultAnon] > 0);
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        return reclaim;
    }

    public static void AssertAllGivenBack(TestMachine machine, long before)
    {
        machine.AssertInvariants();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal(before, Available(machine) + reclaim.Swap.Cache.Count + reclaim.Swap.PoolFrames.Count);
        Assert.InRange(reclaim.Swap.PoolFrames.Count, 0, SwapState.SlotBatch);
        Assert.Equal(reclaim.Swap.PutAside + reclaim.Swap.Cache.Count, reclaim.Swap.Area.InUse);
        Assert.Equal(reclaim.Swap.Cache.Count, Enum.GetValues<LruList>().Sum(l => reclaim.Lru.Size(l)));
    }
}
