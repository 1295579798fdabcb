using Sim.Hardware.Cpu;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Row 4: MMU and TLB: hit, miss, evict and flush, context switch with and without PCID, shootdown, and what contiguous
/// physical memory is worth against remapping page by page. To see it: <c>sim show RUN vmstat</c> (nr_tlb_*) and
/// <c>sim events RUN --kind mm.tlb_flush</c> of a run of traces/processes.json; docs/tasks.md.
/// </summary>
public sealed class Mission04MmuAndTlbTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed;
    private const ulong At = 0x1000_0000;

    /// <summary>
    /// The geometry says it: 64 pages fit the first level, 1,536 the second, and round robin over one page more than the ways of
    /// a set misses every time.
    /// </summary>
    [Theory]
    [InlineData(64, 0, 0)]
    [InlineData(1_536, 1_536, 0)]
    [InlineData(4_096, 4_096, 4_096)]
    public void HitsMissesAndEvictionsFollowTheGeometry(int pages, int firstLevelMisses, int walks)
    {
        Cpu cpu = Touched(pages, out MemoryAccess[] round);
        cpu.Run(round, long.MaxValue, out _);
        CpuCounters before = cpu.Counters;
        Assert.Equal(pages, cpu.Run(round, long.MaxValue, out _));
        Assert.Equal(firstLevelMisses, cpu.Counters.L1TlbMisses - before.L1TlbMisses);
        Assert.Equal(walks, cpu.Counters.Walks - before.Walks);
    }

    [Fact]
    public void AFlushMakesEveryPageWalkAgain()
    {
        Cpu cpu = Touched(64, out MemoryAccess[] round);
        long before = cpu.Counters.Walks;
        cpu.FlushTlb(TlbFlushScope.NonGlobal, -1);
        cpu.Run(round, long.MaxValue, out _);
        Assert.Equal(64, cpu.Counters.Walks - before);
    }

    /// <summary>With process-context identifiers a switch there and back costs no walk; without, all of them.</summary>
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2 * 8)]
    public void AContextSwitchKeepsTranslationsWithPcidOnly(bool pcid, int walks)
    {
        var course = new TlbCourse(KernelProfile.X86_64, 1, pcid, seed: 1);
        long before = 0;
        for (int i = 0; i < 4; i++)
        {
            before = i == 2 ? course.Cpu(0).Counters.Walks : before;
            course.Switch(0, course.Pids[i % 2]);
            course.TouchAll(0, 8);
        }
        Assert.Equal(walks, course.Cpu(0).Counters.Walks - before);
    }

    [Fact]
    public void AShootdownReachesTheOtherCpuAndCostsBothTime()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: true, seed: 1);
        int pid = course.Shared(0, 1);
        course.TouchAll(0, 8);
        course.TouchAll(1, 8);
        (long walks, long asked, long asking) = (course.Cpu(1).Counters.Walks, course.Cpu(1).TimePs, course.Cpu(0).TimePs);
        course.Mprotect(0, pid, At, 8, ProtFlags.Read);
        Assert.True(course.Cpu(1).TimePs > asked);
        Assert.True(course.Cpu(0).TimePs - asking >= new TaskOptions().ShootdownNs * 1_000L);
        course.TouchAll(1, 8, store: false);
        Assert.Equal(8, course.Cpu(1).Counters.Walks - walks);
    }

    /// <summary>
    /// The same 2 MiB of physical memory, read by the kernel through one large page of its direct map and by a task through 512
    /// entries: one walk against 512, and the time of an access follows.
    /// </summary>
    [Fact]
    public void OneLargePageOfContiguousMemoryIsCheaperThanRemappingItPageByPage()
    {
        Cpu cpu = Touched(512, out MemoryAccess[] mapped);
        cpu.FlushTlb(TlbFlushScope.All, -1);
        (long walks, long ps) = (cpu.Counters.Walks, cpu.TimePs);
        cpu.Run(mapped, long.MaxValue, out _);
        (long mappedWalks, long mappedPs) = (cpu.Counters.Walks - walks, cpu.TimePs - ps);

        cpu.EnterKernel(EntryKind.Interrupt, 0xec, 0, 0, -1);
        cpu.FlushTlb(TlbFlushScope.All, -1);
        const ulong direct = 0xffff_8880_0000_0000 + (8UL << 20);
        MemoryAccess[] contiguous = [.. Enumerable.Range(0, 512).Select(p => new MemoryAccess(direct + ((ulong)p << 12), 8, AccessKind.Load))];
        (walks, ps) = (cpu.Counters.Walks, cpu.TimePs);
        Assert.Equal(512, cpu.Run(contiguous, long.MaxValue, out _));
        Assert.Equal((512, 1), (mappedWalks, cpu.Counters.Walks - walks));
        Assert.True(mappedPs > 3 * (cpu.TimePs - ps) / 2, $"{mappedPs} ps mapped page by page, {cpu.TimePs - ps} ps contiguous");
    }

    /// <summary>A CPU in user mode in an address space with so many pages, all written.</summary>
    private static Cpu Touched(int pages, out MemoryAccess[] round)
    {
        var machine = new TestMachine();
        Cpu cpu = machine.Machine.Cpus[0];
        int pid = machine.Virtual.Processes.Create("touched", cpu, -1);
        machine.Virtual.Mapping.Mmap(pid, At, (ulong)pages << 12, ProtFlags.Read | ProtFlags.Write, Anonymous, default, 0, cpu, -1);
        machine.Virtual.Tlb.Load(cpu, machine.Spaces[pid], -1);
        cpu.ReturnToUser(-1);
        round = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Load))];
        for (int page = 0; page < pages;)
        {
            AccessResult result = cpu.Access(new MemoryAccess(At + ((ulong)page << 12), 8, AccessKind.Store));
            if (result.Completed)
            {
                page++;
                continue;
            }
            machine.Virtual.Faults.Handle(pid, result.Fault.Address, result.Fault.Code, cpu, -1, out _);
        }
        return cpu;
    }
}
