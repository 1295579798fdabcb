using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Replacement;
using Sim.Kernel.Swap;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Memcg;

/// <summary>Tasks in a memory cgroup smaller than what they need, on a machine that has plenty.</summary>
public class MemcgTests
{
    private const ulong At = 0x1000_0000;
    private const int LimitPages = 300;

    public static TheoryData<PagePolicy, SwapDevice, int> Cases()
    {
        var data = new TheoryData<PagePolicy, SwapDevice, int>();
        foreach (PagePolicy policy in Enum.GetValues<PagePolicy>().Where(p => !PagePolicies.IsOracle(p)))
        {
            data.Add(policy, SwapDevice.Ssd, 1);
        }
        data.Add(PagePolicy.Linux, SwapDevice.Hdd, 2);
        data.Add(PagePolicy.Linux, SwapDevice.Zram, 1);
        data.Add(PagePolicy.Clock, SwapDevice.Zram, 2);
        data.Add(PagePolicy.WorkingSet, SwapDevice.Hdd, 1);
        return data;
    }

    /// <summary>The limit holds at every event, everything is accounted for, and the fold comes to the same state.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void TheLimitHoldsAndEverythingIsGivenBack(PagePolicy policy, SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        TestMachine machine = Make(policy, device, cpus, LimitPages, reclaimPages: policy == PagePolicy.Fifo ? 1 : 32, log);
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task % cpus, Visitor(pages: 450, visits: 1_500, seed: (ulong)task), -1);
        }
        machine.Run();
        MemcgState group = machine.Machine.State.Memory.Reclaim!.Memcg!;
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Assert.Equal(LimitPages, group.PeakPages);
        Assert.True(group.MaxEvents > 0);
        Assert.Equal((0, 0), (group.OomEvents, group.OomKills));
        Assert.True(machine.Spaces.TotalFaults.Major > 100);
        AssertOnlyCachesAreCharged(machine, group);
        machine.AssertInvariants();

        var folded = new MachineState(machine.Options);
        MemcgState foldedGroup = folded.Memory.Reclaim!.Memcg!;
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers, after: _ => Assert.InRange(foldedGroup.Pages, 0, LimitPages));
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>With one frame to spare the pages that a policy keeps are those its textbook says.</summary>
    [Fact]
    public void ClockSparesThePageThatIsUsed_FifoDoesNot()
    {
        static long MajorFaults(PagePolicy policy)
        {
            TestMachine machine = Make(policy, SwapDevice.Ssd, 1, LimitPages, reclaimPages: 1, new MemoryLog());
            MemoryAccess[] accesses =
            [
                .. Enumerable.Range(0, 400).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store)),
                // One page is used between any two others, which are each used once a round.
                .. Enumerable.Range(0, 4_000).Select(i => new MemoryAccess(At + (i % 2 == 0 ? 0UL : (ulong)(1 + (i / 2 % 399)) << 12), 8, AccessKind.Load)),
            ];
            machine.Virtual.Tasks.Start("task", 0, Runner(400, accesses), -1);
            machine.Run();
            return machine.Spaces.TotalFaults.Major;
        }
        long fifo = MajorFaults(PagePolicy.Fifo), clock = MajorFaults(PagePolicy.Clock), second = MajorFaults(PagePolicy.SecondChance);
        Assert.True(clock < fifo, $"clock {clock}, fifo {fifo}");
        Assert.Equal(clock, second);
    }

    /// <summary>Without anywhere to put pages the cgroup's largest process is killed, and the kernel says why.</summary>
    [Fact]
    public void TheLargestOfTheCgroupIsKilled()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(cpus: 2, sink: log, memcg: new MemcgOptions { Max = LimitPages << 12 });
        machine.Virtual.Tasks.Start("small", 0, Visitor(pages: 100, visits: 200, seed: 1), -1);
        machine.Virtual.Tasks.Start("large", 1, Visitor(pages: 500, visits: 10, seed: 2), -1);
        machine.Run();
        MemcgState group = machine.Machine.State.Memory.Reclaim!.Memcg!;
        Assert.Equal([2], machine.Machine.State.Virtual.Oom!.Victims);
        Assert.Equal((7, (byte)Signal.Kill), (machine.Tasks[1].ExitCode, (byte)machine.Tasks[2].Signal));
        Assert.Equal((1, 1), (group.OomEvents, group.OomKills));
        AssertOnlyCachesAreCharged(machine, group);
        string report = OomReportView.Render(machine.Machine.State.Virtual.Oom, machine.Tasks, machine.Journal.Symbols);
        Assert.Contains("memory: usage 1200kB, limit 1200kB, failcnt ", report);
        Assert.Contains("Memory cgroup stats for /run:", report);
        Assert.Contains("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/run,task_memcg=/run,task=large,pid=2,uid=0", report);
        Assert.Contains("Memory cgroup out of memory: Killed process 2 (large)", report);
        Assert.DoesNotContain("Mem-Info:", report);
        Assert.Contains("==> memory.events <==\nlow 0\nhigh 0\nmax ", MemcgView.Render(machine.Spaces));

        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>A call writes to more memory than its cgroup may have: with a swap area it completes, without one the cgroup's killer ends it.</summary>
    [Theory]
    [InlineData(true, 40)]
    [InlineData(false, 40)]
    [InlineData(false, 1)]
    public void ACallWhoseBuffersDoNotFitEnds(bool swaps, int limitPages)
    {
        const long bytes = 120 << 12;
        TestMachine machine = swaps
            ? Make(PagePolicy.Linux, SwapDevice.Ssd, 1, limitPages, reclaimPages: 32, new MemoryLog())
            : new TestMachine(memcg: new MemcgOptions { Max = limitPages << 12 });
        long result = 0;
        machine.Virtual.Tasks.Start("caller", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, bytes, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            result = task.Calls.Other(task, 0, [new UserBuffer(At, bytes / 2, Write: true), new UserBuffer(At + (bytes / 2), bytes / 2, Write: true)], bytes);
            task.ExitCode = 7;
            return task.IsBlocked ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run(untilPs: 10_000_000_000_000);
        Assert.Equal(TaskState.Dead, machine.Tasks[1].State);
        Assert.Equal(swaps ? (7, 0) : (0, Signal.Kill), (swaps ? machine.Tasks[1].ExitCode : 0, (int)machine.Tasks[1].Signal));
        Assert.Equal(swaps ? [] : [1], machine.Machine.State.Virtual.Oom!.Victims);
        Assert.True(!swaps || result == bytes);
        machine.AssertInvariants();
    }

    private static TestMachine Make(PagePolicy policy, SwapDevice device, int cpus, long limitPages, int reclaimPages, MemoryLog log) => new(
        cpus: cpus, sink: log, swap: new SwapOptions { Device = device, Size = 64L << 20, PageCluster = reclaimPages == 1 ? 0 : 3 }, reclaim: new ReclaimOptions { Policy = policy },
        memcg: new MemcgOptions { Max = limitPages << 12, ReclaimPages = reclaimPages });

    private static ScriptedProgram Visitor(int pages, int visits, ulong seed)
    {
        var random = new RandomStream(seed, "visits");
        return Runner(pages,
        [
            .. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, visits).Select(i => new MemoryAccess(
                At + (random.NextBelow((ulong)pages) << 12), 8, i % 2 == 0 ? AccessKind.Load : AccessKind.Store)),
        ]);
    }

    private static ScriptedProgram Runner(int pages, MemoryAccess[] accesses)
    {
        int done = 0;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, (ulong)pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            done += task.Run(accesses.AsSpan(done));
            task.ExitCode = 7;
            return done < accesses.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        });
    }

    private static void AssertOnlyCachesAreCharged(TestMachine machine, MemcgState group)
    {
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        int[] charged = [.. Enumerable.Range(0, frames.Count).Where(pfn => group.IsCharged(pfn))];
        Assert.Equal(group.Pages, charged.Length);
        Assert.All(charged, pfn => Assert.True(frames[pfn].Has(PageFlags.SwapCache) || frames[pfn].Use == FrameUse.File));
    }
}
