using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

/// <summary>Several CPUs run the same address spaces, and what one of them changes none of them uses any more.</summary>
public sealed class TlbConsistencyTests
{
    private const ulong At = TlbCourse.At;
    private const int Pages = TlbCourse.Pages;

    public static TheoryData<KernelProfile, int, bool, SwapDevice> Machines => new()
    {
        { KernelProfile.X86_64, 1, true, SwapDevice.None },
        { KernelProfile.X86_64, 3, true, SwapDevice.Zram },
        { KernelProfile.X86_64, 3, true, SwapDevice.None },
        { KernelProfile.X86_64, 3, false, SwapDevice.Zram },
        { KernelProfile.I386Classic, 3, false, SwapDevice.None },
        { KernelProfile.I386Pae, 2, false, SwapDevice.Zram },
    };

    /// <summary>
    /// Any course of events: CPUs change over to any of nine address spaces, more than a CPU remembers, go lazy, touch, map, unmap,
    /// protect and swap out. Every access must reach the frame of the page tables, and no TLB may hold what a CPU could use wrongly.
    /// </summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void NoStaleTranslationIsEverUsed(KernelProfile profile, int cpus, bool pcid, SwapDevice swap) =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 100 : 4),
            Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => new TlbCourse(profile, cpus, pcid, (ulong)(uint)seed, swap).Run(steps: 400)));

    [Theory]
    [InlineData(33, true)]
    [InlineData(34, false)]
    public void UpToTheCeilingPagesAreDroppedOneByOne(int pages, bool oneByOne)
    {
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: true, seed: 1);
        int pid = course.Shared(0, 1);
        course.TouchAll(0, pages);
        course.TouchAll(1, pages);
        TlbContexts tlb = course.Contexts;
        (long one, long all, long remote, long received) = (tlb.LocalFlushesOne, tlb.LocalFlushesAll, tlb.RemoteFlushes, tlb.RemoteFlushesReceived);
        course.Mprotect(0, pid, At, pages, ProtFlags.Read);
        Assert.Equal(oneByOne ? pages : 0, tlb.LocalFlushesOne - one);
        Assert.Equal(oneByOne ? 0 : 1, tlb.LocalFlushesAll - all);
        Assert.Equal((1L, 1L), (tlb.RemoteFlushes - remote, tlb.RemoteFlushesReceived - received));
        course.AssertTrue();
    }

    [Fact]
    public void ACpuInLazyModeIsLeftAloneAndCatchesUpWhenItComesBack()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: true, seed: 1);
        int pid = course.Shared(0, 1);
        course.TouchAll(0, 4);
        course.TouchAll(1, 4);
        course.GoLazy(1);
        long received = course.Contexts.RemoteFlushesReceived;
        course.Mprotect(0, pid, At, 4, ProtFlags.Read);
        Assert.Equal(received, course.Contexts.RemoteFlushesReceived);
        Assert.False(course.Contexts.IsCurrent(1, course.Contexts.LoadedSlot(1)));
        course.Switch(1, pid);
        Assert.True(course.Contexts.IsCurrent(1, course.Contexts.LoadedSlot(1)));
        course.AssertTrue();
        // Back without a change in between, it keeps what it has.
        course.TouchAll(1, 4, store: false);
        course.GoLazy(1);
        long walks = course.Cpu(1).Counters.Walks;
        course.Switch(1, pid);
        course.TouchAll(1, 4, store: false);
        Assert.Equal(walks, course.Cpu(1).Counters.Walks);
    }

    [Fact]
    public void WhenPageTablesGoALazyCpuLeavesTheAddressSpace()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: false, seed: 1);
        int pid = course.Shared(0, 1);
        course.TouchAll(1, 4);
        course.GoLazy(1);
        course.Munmap(0, pid, At, Pages);
        Assert.Equal(0, course.Contexts.Loaded(1));
        Assert.Equal(course.Machine.Spaces.KernelRoot, course.Cpu(1).Root);
        course.AssertTrue();
    }

    [Fact]
    public void NothingIsFlushedWhereNothingWasMapped()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: true, seed: 1);
        int pid = course.Shared(0, 1);
        long generation = course.Contexts.Generation(pid);
        course.Mprotect(0, pid, At, 8, ProtFlags.Read);
        course.Munmap(0, pid, At, Pages);
        Assert.Equal(generation, course.Contexts.Generation(pid));
    }

    /// <summary>Seven address spaces in turn need seven slots; a CPU has six.</summary>
    [Theory]
    [InlineData(6, 0)]
    [InlineData(7, 7)]
    public void ACpuRemembersSixAddressSpaces(int spaces, int misses)
    {
        var course = new TlbCourse(KernelProfile.X86_64, 1, pcid: true, seed: 1);
        long walks = 0;
        for (int round = 0; round < 3; round++)
        {
            walks = course.Cpu(0).Counters.Walks;
            for (int i = 0; i < spaces; i++)
            {
                course.Switch(0, course.Pids[i]);
                course.TouchAll(0, 1);
            }
        }
        Assert.Equal(misses, course.Cpu(0).Counters.Walks - walks);
        course.AssertTrue();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void ABatchInterruptsEachCpuOnce(int cpus)
    {
        var course = new TlbCourse(KernelProfile.X86_64, cpus, pcid: true, seed: 1);
        int[] all = [.. Enumerable.Range(0, cpus)];
        int pid = course.Shared(all);
        foreach (int cpu in all)
        {
            course.TouchAll(cpu, 8);
        }
        TlbConsistency tlb = course.Machine.Virtual.Tlb;
        AddressSpace mm = course.Machine.Spaces[pid];
        Assert.True(tlb.ShouldDefer(mm, 0));
        long received = course.Contexts.RemoteFlushesReceived;
        course.EnterKernel(0);
        for (int i = 0; i < 8; i++)
        {
            tlb.AddToBatch(mm, 0, -1);
        }
        Assert.False(course.Contexts.IsCurrent(1, course.Contexts.LoadedSlot(1)));
        tlb.FlushBatch(0, -1);
        tlb.FlushBatch(0, -1);
        Assert.Equal(cpus - 1, course.Contexts.RemoteFlushesReceived - received);
        foreach (int cpu in all)
        {
            Assert.True(course.Contexts.IsCurrent(cpu, course.Contexts.LoadedSlot(cpu)));
            Assert.DoesNotContain(course.Tags(cpu), tag => tag >> 52 == (ulong)course.Cpu(cpu).Asid && tag != TlbGeometry.Empty);
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1_000, false)]
    public void AKernelRangeGoesFromAllCpusIdleOnesToo(int pages, bool oneByOne)
    {
        var course = new TlbCourse(KernelProfile.X86_64, 3, pcid: true, seed: 1);
        AddressLayout layout = course.Machine.Spaces.Layout;
        course.Switch(0, course.Pids[0]);
        foreach (int cpu in (int[])[0, 1])
        {
            course.EnterKernel(cpu);
            if (cpu == 1)
            {
                course.Machine.Virtual.Tlb.Load(course.Cpu(1), course.Machine.Spaces[course.Pids[0]], -1);
            }
            Assert.True(course.Cpu(cpu).Access(new MemoryAccess(layout.DirectMapBase + 0x5000, 8, AccessKind.Load)).Completed);
            Assert.Contains(course.Tags(cpu), tag => tag >> 52 == TlbGeometry.GlobalAsid);
        }
        course.Machine.Virtual.Tlb.FlushKernelRange(layout.DirectMapBase + 0x5000, layout.DirectMapBase + 0x5000 + ((ulong)pages << 12), 0, -1);
        foreach (int cpu in (int[])[0, 1])
        {
            Assert.DoesNotContain(course.Tags(cpu), tag => tag >> 52 == TlbGeometry.GlobalAsid);
        }
        Assert.Equal(oneByOne ? 3 * pages : 0, course.Contexts.LocalFlushesOne);
        Assert.Equal(oneByOne ? 0 : 3, course.Contexts.RemoteFlushesReceived);
    }

    [Fact]
    public void TheEndOfAnAddressSpaceLeavesNoCpuInIt()
    {
        var course = new TlbCourse(KernelProfile.X86_64, 3, pcid: true, seed: 1);
        int pid = course.Shared(0, 1);
        course.TouchAll(0, 4);
        course.TouchAll(1, 4);
        course.GoLazy(1);
        course.EnterKernel(0);
        course.Machine.Virtual.Tlb.Leave(course.Machine.Spaces[pid], course.Cpu(0), -1);
        Assert.Equal((0, 0), (course.Contexts.Loaded(0), course.Contexts.Loaded(1)));
        course.AssertTrue();
    }
}
