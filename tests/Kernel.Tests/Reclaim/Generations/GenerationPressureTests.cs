using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>Machines with generations whose tasks need more memory than there is.</summary>
public sealed class GenerationPressureTests
{
    private const ulong At = 0x1000_0000;

    [Theory]
    [InlineData(KernelProfile.X86_64, SwapDevice.Ssd, 2)]
    [InlineData(KernelProfile.X86_64, SwapDevice.Hdd, 1)]
    [InlineData(KernelProfile.I386, SwapDevice.Ssd, 1)]
    [InlineData(KernelProfile.I386Pae, SwapDevice.Zram, 2)]
    public void TasksLargerThanMemoryRun_AndEverythingIsGivenBack(KernelProfile profile, SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        TestMachine machine = Make(profile, cpus, device, log);
        long before = Available(machine);
        int pages = (int)(before / 2) + 1_000;
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task % cpus, Visitor(pages, visits: 2_000, seed: (ulong)task), -1);
        }
        for (long at = 1; at < 9 && !machine.Virtual.Tasks.AllEnded; at++)
        {
            machine.Run(at * 30_000_000_000);
            machine.AssertInvariants();
        }
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Assert.True(reclaim[VmEvent.Pswpout] > 1_000);
        Assert.True(reclaim[VmEvent.Pswpin] > 0);
        Assert.True(machine.Spaces.TotalFaults.Major > 0);
        Assert.True(reclaim[VmEvent.WorkingsetRefaultAnon] > 0);
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        Assert.True(reclaim.Lru.Generations!.Youngest > GenerationState.MinGenerations + 2);
        AssertAllGivenBack(machine, before);

        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    private static TestMachine Make(KernelProfile profile, int cpus, SwapDevice device, MemoryLog log) => new(
        // Slices so short that neither task has ended before the other has all its memory.
        profile, cpus, bytes: 96L << 20, sink: log, tasks: new TaskOptions { TimerHz = 10_000, LatencyNs = 500_000, MinGranularityNs = 100_000 },
        swap: new SwapOptions { Device = device, Size = 256L << 20 }, reclaim: new ReclaimOptions { Lru = LruKind.Generations });

    /// <summary>Maps pages, writes each once, and then visits some at random; ends with code 7.</summary>
    private static ScriptedProgram Visitor(int pages, int visits, ulong seed)
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

    private static long Available(TestMachine machine) =>
        machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));

    private static void AssertAllGivenBack(TestMachine machine, long before)
    {
        machine.AssertInvariants();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal(before, Available(machine) + reclaim.Swap.Cache.Count + reclaim.Swap.PoolFrames.Count);
        Assert.Equal(reclaim.Swap.PutAside + reclaim.Swap.Cache.Count, reclaim.Swap.Area.InUse);
        Assert.Equal(reclaim.Swap.Cache.Count, Enum.GetValues<LruList>().Sum(l => reclaim.Lru.Size(l)));
    }
}
