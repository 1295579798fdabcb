using Sim.Kernel.Reclaim;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using static Sim.Kernel.Tests.Support.Pressure;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>Machines with generations whose tasks need more memory than there is.</summary>
public sealed class GenerationPressureTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64, SwapDevice.Ssd, 2)]
    [InlineData(KernelProfile.X86_64, SwapDevice.Hdd, 1)]
    [InlineData(KernelProfile.I386, SwapDevice.Ssd, 1)]
    [InlineData(KernelProfile.I386Pae, SwapDevice.Zram, 2)]
    public void TasksLargerThanMemoryRun_AndEverythingIsGivenBack(KernelProfile profile, SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        // Slices so short that neither task has ended before the other has all its memory.
        TestMachine machine = Make(
            profile, cpus, device, swapBytes: 256L << 20, log,
            tasks: new TaskOptions { TimerHz = 10_000, LatencyNs = 500_000, MinGranularityNs = 100_000 },
            reclaim: new ReclaimOptions { Lru = LruKind.Generations });
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
        ReclaimState reclaim = AssertBothSwappedAndEnded(machine);
        Assert.True(reclaim.Lru.Generations!.Youngest > GenerationState.MinGenerations + 2);
        AssertAllGivenBack(machine, before);

        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }
}
