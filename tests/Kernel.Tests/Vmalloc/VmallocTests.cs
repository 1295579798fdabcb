using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Vmalloc;

/// <summary>Areas on a whole machine: addresses, pages, purges, deferred returns, failures, and a fold of the log.</summary>
public sealed class VmallocTests
{
    private static readonly int _histories = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 1_000 : 16;

    private static readonly KernelProfile[] Profiles = [KernelProfile.X86_64, KernelProfile.I386, KernelProfile.I386Pae, KernelProfile.I386Classic];

    /// <summary>Whatever is asked for and given back, addresses go to nobody twice, no frame is lost, and a fold comes to the same state.</summary>
    [Fact]
    public void A_fold_of_any_history_is_the_live_state()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var log = new MemoryLog();
            KernelProfile profile = Profiles[seed % Profiles.Length];
            var test = new TestMachine(profile, cpus: 1 + (seed % 2), bytes: 96L << 20, sink: log);
            long free = FreePages(test);
            var areas = new List<ulong>();
            var random = new Random(seed);
            int caller = test.Journal.Intern("somebody");
            for (int step = 0; step < 150; step++)
            {
                Cpu cpu = test.Machine.Cpus[random.Next(test.Machine.Cpus.Length)];
                int kind = random.Next(100);
                if (areas.Count > 0 && kind < 50)
                {
                    int which = random.Next(areas.Count);
                    ulong area = areas[which];
                    areas.RemoveAt(which);
                    if (kind < 10)
                    {
                        test.Machine.Vmalloc.FreeDeferred(area, cpu, -1);
                    }
                    else
                    {
                        test.Machine.Vmalloc.Free(area, cpu, -1);
                    }
                }
                else if (kind < 53)
                {
                    test.Machine.Vmalloc.Purge(cpu, -1);
                }
                else
                {
                    ulong address = test.Machine.Vmalloc.Alloc(random.NextInt64(1, kind < 56 ? 16 << 20 : 200_000), GfpFlags.Kernel, caller, cpu, -1, 1UL << random.Next(16));
                    if (address != 0)
                    {
                        areas.Add(address);
                    }
                }
                if (kind % 4 == 0)
                {
                    test.Run(cpu.TimePs + 1_000_000);
                }
            }
            Assert.Null(MachineInvariants.Violation(test.Machine.State, hasTlbs: true));
            foreach (ulong area in areas)
            {
                test.Machine.Vmalloc.Free(area, test.Machine.Cpus[0], -1);
            }
            test.Run(test.Machine.Cpus.Max(c => c.TimePs) + 1_000_000);
            test.Machine.Vmalloc.Purge(test.Machine.Cpus[0], -1);
            VmallocState state = test.Machine.State.Virtual.Vmalloc;
            Assert.Equal((0, 0, 1, 0L, 0L), (state.Busy.Count, state.Lazy.Count, state.Free.Count, state.Pages, state.LazyPages));
            long tables = test.Spaces.KernelPageTables, slabs = test.Machine.State.Memory.Slab.Pages(reclaimable: false);
            Assert.True(free - FreePages(test) <= tables + slabs, "Pages of areas are lost.");
            Assert.Null(MachineInvariants.Violation(test.Machine.State, hasTlbs: true));

            test.Journal.Complete();
            var folded = new MachineState(test.Options);
            log.Fold(test.Catalogue, folded.Appliers);
            Assert.Equal(test.Machine.State.Hash(_ => true), folded.Hash(_ => true));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(_histories));
    }

    /// <summary>Addresses given up are used again after a purge only, and that comes at 32 MiB, or when no others are left.</summary>
    [Fact]
    public void Addresses_wait_for_a_purge()
    {
        var test = new TestMachine(KernelProfile.I386, bytes: 1L << 30);
        VmallocState state = test.Machine.State.Virtual.Vmalloc;
        Cpu cpu = test.Machine.Cpus[0];
        const int area = 4 << 20;
        ulong first = Alloc(test, area);
        test.Machine.Vmalloc.Free(first, cpu, -1);
        Assert.Equal(1025, state.LazyPages);
        for (ulong i = 1; i < 8; i++)
        {
            Assert.Equal((1, 0L), (state.Lazy.Count, state.Purges));
            ulong next = Alloc(test, area);
            Assert.Equal(first + (i * (area + 4096)), next);
            test.Machine.Vmalloc.Free(next, cpu, -1);
        }
        test.Run(cpu.TimePs);
        Assert.Equal((0L, 1L), (state.LazyPages, state.Purges));
        Assert.Equal(first, Alloc(test, area));
        // 128 MiB less the hole: the last that fits is had after a purge of what waits.
        Assert.NotEqual(0UL, Alloc(test, 100 << 20));
        Assert.Equal(0UL, Alloc(test, 20 << 20));
        Assert.Equal(1, state.Failures);
        ulong small = Alloc(test, 2 << 20);
        test.Machine.Vmalloc.Free(small, cpu, -1);
        Assert.Equal(1, state.Lazy.Count);
        Assert.Equal(0UL, Alloc(test, 20 << 20));
        Assert.Equal((0, 2L), (state.Lazy.Count, state.Purges));
    }

    /// <summary>The pages of an area are single ones of high memory, and where low memory is short it is not touched.</summary>
    [Fact]
    public void Pages_come_from_high_memory_one_by_one()
    {
        var test = new TestMachine(KernelProfile.I386Pae, bytes: 1536L << 20);
        ulong address = Alloc(test, 1 << 20);
        long lowmem = test.Machine.State.Memory.Pages.Profile.DirectMapEndPfn;
        for (ulong at = address; at < address + (1 << 20); at += 4096)
        {
            long pfn = test.Spaces.KernelPfn(at);
            Assert.True(pfn >= lowmem);
            Assert.Equal((0, KernelUser.Vmalloc), (test.Machine.State.Memory.Pages.Frames[pfn].Order, test.Machine.State.Memory.Pages.Frames[pfn].Owner));
        }
        Assert.Equal(-1, test.Spaces.KernelPfn(address + (1 << 20)));
        Assert.Equal(address + (1 << 20) + 4096, Alloc(test, 4096));
    }

    [Fact]
    public void What_is_given_back_in_an_interrupt_is_taken_down_by_a_thread()
    {
        var test = new TestMachine(KernelProfile.I386, bytes: 256L << 20);
        VmallocState state = test.Machine.State.Virtual.Vmalloc;
        ulong one = Alloc(test, 40_000), two = Alloc(test, 5_000);
        test.Machine.Vmalloc.FreeDeferred(one, test.Machine.Cpus[0], -1);
        test.Machine.Vmalloc.FreeDeferred(two, test.Machine.Cpus[0], -1);
        Assert.Equal(2, state.Busy.Count);
        Assert.Throws<InvalidOperationException>(() => test.Machine.Vmalloc.FreeDeferred(two, test.Machine.Cpus[0], -1));
        test.Run(test.Machine.Cpus[0].TimePs);
        Assert.Equal((0, 0L), (state.Busy.Count, state.Pages));
    }

    /// <summary>Frames of somebody else's can be mapped side by side; they outlive the area.</summary>
    [Fact]
    public void Map_shows_scattered_frames_side_by_side()
    {
        var test = new TestMachine(KernelProfile.I386Pae, bytes: 256L << 20);
        Cpu cpu = test.Machine.Cpus[0];
        long[] pfns = [.. Enumerable.Range(0, 5).Select(_ => test.Machine.Pages.AllocPages(1, GfpFlags.Kernel, 0, cpu, -1))];
        ulong address = test.Machine.Vmalloc.Map(pfns, test.Journal.Intern("somebody"), cpu, -1);
        Assert.Equal(pfns, Enumerable.Range(0, 5).Select(i => test.Spaces.KernelPfn(address + ((ulong)i << 12))));
        test.Machine.Vmalloc.Unmap(address, cpu, -1);
        Assert.Equal(-1, test.Spaces.KernelPfn(address));
        Assert.All(pfns, pfn => Assert.Equal(FrameState.Allocated, test.Machine.State.Memory.Pages.Frames[pfn].State));
    }

    /// <summary>Every way to fail leaves everything as it was.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386)]
    public void A_request_that_cannot_be_served_leaves_nothing_behind(KernelProfile profile)
    {
        var test = new TestMachine(profile, bytes: 96L << 20);
        VmallocState state = test.Machine.State.Virtual.Vmalloc;
        Alloc(test, 4096);
        long free = FreePages(test), slabs = test.Machine.State.Memory.Slab.Pages(reclaimable: false);
        Assert.Equal(0UL, Alloc(test, 1L << 40));
        // More pages than are free, fewer than there are.
        Assert.Equal(0UL, Alloc(test, (free + 100) << 12));
        Assert.Equal((2L, 1, 1L), (state.Failures, state.Busy.Count, state.Pages));
        Assert.True(free - FreePages(test) <= test.Machine.State.Memory.Slab.Pages(reclaimable: false) - slabs + 70);
        Assert.Null(MachineInvariants.Violation(test.Machine.State, hasTlbs: true));
        Assert.Throws<InvalidOperationException>(() => test.Machine.Vmalloc.Free(state.Layout.VmallocStart + 4096, test.Machine.Cpus[0], -1));
    }

    private static ulong Alloc(TestMachine test, long bytes) =>
        test.Machine.Vmalloc.Alloc(bytes, GfpFlags.Kernel, test.Journal.Intern("somebody"), test.Machine.Cpus[0], -1);

    private static long FreePages(TestMachine test) => test.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => p.Count));
}
