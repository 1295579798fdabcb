using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using static Sim.Kernel.Tests.Support.Pressure;

namespace Sim.Kernel.Tests.Swap;

/// <summary>
/// A page that is being written when its process ends cannot give its slot back (<c>folio_free_swap</c> refuses), and nothing looks at it when
/// the writing ends: it waits at the end of its list, in the swap cache, until reclaim comes to it.
/// </summary>
public class LeftInSwapCacheTests
{
    private const int Pages = 64;

    [Fact]
    public void PagesBeingWrittenAtTheEnd_WaitForReclaim()
    {
        TestMachine machine = Make(KernelProfile.X86_64, 1, SwapDevice.Hdd, swapBytes: 64L << 20, new MemoryLog());
        long before = Available(machine);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        machine.Virtual.Tasks.Start("short", 0, new ScriptedProgram((task, _) =>
        {
            task.Calls.Mmap(task, At, Pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            for (int page = 0; page < Pages; page++)
            {
                task.Access(At + ((ulong)page << 12), 8, AccessKind.Store);
            }
            task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.PageOut);
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.Equal((Pages, 0, Pages), (reclaim[VmEvent.NrWritten], reclaim.Writeback, reclaim.Swap.Cache.Count));
        Assert.Equal(Pages, reclaim.Lru.Size(LruList.InactiveAnon));
        Assert.Equal(before - Pages, Available(machine));
        int[] slots = [.. reclaim.Swap.Cache.Entries.Select(e => (int)e.Pgoff)];
        machine.AssertInvariants();
        // The next task needs more than there is: they are the first to go, without being written again.
        long written = -1;
        machine.Virtual.Tasks.Start("large", 0, Visitor((int)before + 500, visits: 0, seed: 1), -1);
        while (!machine.Virtual.Tasks.AllEnded && machine.Machine.Scheduler.Step(long.MaxValue))
        {
            written = written < 0 && !slots.Any(s => reclaim.Swap.Area.IsCached(s) && reclaim.Swap.Find(s) >= 0) ? reclaim[VmEvent.Pswpout] : written;
        }
        Assert.InRange(written, Pages, reclaim[VmEvent.Pswpout] - 1);
        machine.Run();
        AssertAllGivenBack(machine, before);
    }
}
