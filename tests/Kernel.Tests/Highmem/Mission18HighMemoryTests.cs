using Sim.Hardware.Cpu;
using Sim.Kernel.Highmem;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Highmem;

/// <summary>
/// Mission row 18, the three ways to high memory: fixed mapping, permanent mapping (kmap), dynamic mapping (vmalloc). The addresses are
/// the measured ones of <c>KernelLayoutTests</c>; areas beside real kernels' are in <c>RecordedVmallocTests</c>, slots beside a model in
/// <c>KernelMapperTests</c>. To see: <c>sim run traces/vmalloc.json --out runs/v; sim show runs/v vmallocinfo --at 30ms;
/// sim show runs/v kernel-layout --at 30ms</c>.
/// </summary>
public sealed class Mission18HighMemoryTests
{
    [Fact]
    public void A_fixed_address_stands_for_the_frame_given_to_it()
    {
        (TestMachine test, Cpu cpu, long high) = Machine();
        ulong address = test.Machine.Mapper.SetFixmap(5, high, cpu, -1);
        Assert.Equal(0xfffff000UL - (5 << 12), address);
        Assert.Equal((ulong)high << 12, cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).PhysicalAddress);
        test.Machine.Mapper.ClearFixmap(5, cpu, -1);
        Assert.False(cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).Completed);
        test.Machine.Mapper.SetFixmap(5, high + 1, cpu, -1);
        Assert.Equal((ulong)(high + 1) << 12, cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).PhysicalAddress);
    }

    /// <summary>A page unmapped and mapped again before the flush has its old slot and no flush; after 512 others it has a new one.</summary>
    [Fact]
    public void A_permanent_mapping_is_used_again_until_the_flush()
    {
        (TestMachine test, Cpu cpu, long high) = Machine();
        ulong first = test.Machine.Mapper.Map(high, 1, cpu, -1);
        Assert.Equal(0xff00_1000UL, first);
        test.Machine.Mapper.Unmap(high, cpu, -1);
        Assert.Equal(1, test.Machine.State.Virtual.Highmem.Count(1));
        Assert.Equal(first, test.Machine.Mapper.Map(high, 1, cpu, -1));
        test.Machine.Mapper.Unmap(high, cpu, -1);
        for (int i = 1; i <= 512; i++)
        {
            test.Machine.Mapper.Map(high + i, 1, cpu, -1);
            test.Machine.Mapper.Unmap(high + i, cpu, -1);
        }
        HighmemState state = test.Machine.State.Virtual.Highmem;
        Assert.Equal((1L, 1L, 513L), (state.Flushes, state.Reuses, state.Maps));
        Assert.NotEqual(first, test.Machine.Mapper.Map(high, 1, cpu, -1));
    }

    /// <summary>One range of addresses, scattered frames, a guard page behind that nobody may touch, and no translation left after the purge.</summary>
    [Fact]
    public void A_dynamic_mapping_is_contiguous_to_the_kernel_alone()
    {
        (TestMachine test, Cpu cpu, long high) = Machine();
        // Frames given back in another order make the next ones come scattered.
        long[] pages = [.. Enumerable.Range(0, 64).Select(_ => test.Machine.Pages.AllocPages(0, GfpFlags.HighUser, 0, cpu, -1))];
        foreach (long pfn in pages.Where((_, i) => i % 2 == 0).Concat(pages.Where((_, i) => i % 2 == 1)))
        {
            test.Machine.Pages.FreePages(pfn, 0, cpu, -1);
        }
        const int bytes = 100_000;
        ulong area = test.Machine.Vmalloc.Alloc(bytes, GfpFlags.Kernel, test.Journal.Intern("driver"), cpu, -1);
        Assert.Equal(0xf77f_e000UL, area);
        var frames = new List<long>();
        for (ulong at = area; at < area + bytes; at += 4096)
        {
            test.Machine.KernelFaults.Access(cpu, at, 1, AccessKind.Store, -1);
            frames.Add((long)(cpu.Access(new MemoryAccess(at, 1, AccessKind.Load)).PhysicalAddress >> 12));
        }
        Assert.Equal(25, frames.Distinct().Count());
        Assert.All(frames, f => Assert.True(test.Machine.State.Virtual.Highmem.IsHigh(f)));
        Assert.Contains(frames.Skip(1), f => frames[frames.IndexOf(f) - 1] + 1 != f);
        var oops = Assert.Throws<KernelOopsException>(() => test.Machine.KernelFaults.Access(cpu, area + (25 << 12), 1, AccessKind.Load, -1));
        Assert.Equal(area + (25 << 12), oops.Address);

        test.Machine.Vmalloc.Free(area, cpu, -1);
        VmallocState state = test.Machine.State.Virtual.Vmalloc;
        Assert.Equal(26, state.LazyPages);
        // The translations are still there, which is why the addresses wait: nobody uses them, and a check would say so.
        cpu.ChecksTranslations = false;
        Assert.True(cpu.Access(new MemoryAccess(area + (24 << 12), 1, AccessKind.Load)).Completed);
        test.Machine.Vmalloc.Purge(cpu, -1);
        Assert.All(Enumerable.Range(0, 25), i => Assert.False(cpu.Access(new MemoryAccess(area + ((ulong)i << 12), 1, AccessKind.Load)).Completed));
        Assert.Equal(area, test.Machine.Vmalloc.Alloc(4096, GfpFlags.Kernel, test.Journal.Intern("driver"), cpu, -1));
    }

    /// <summary>Where there is no high memory, pages come from low memory.</summary>
    [Fact]
    public void Without_high_memory_low_memory_serves()
    {
        var test = new TestMachine(KernelProfile.I386Pae, bytes: 256L << 20);
        ulong area = test.Machine.Vmalloc.Alloc(50_000, GfpFlags.Kernel, test.Journal.Intern("driver"), test.Machine.Cpus[0], -1);
        Assert.All(Enumerable.Range(0, 13), i => Assert.Equal(ZoneType.Normal, test.Machine.State.Memory.Pages.Frames[test.Spaces.KernelPfn(area + ((ulong)i << 12))].Zone));
        Assert.Equal(area - (8 << 20), test.Spaces.Kernel.VirtualOf(test.Machine.State.Memory.Pages.Frames.Count));
    }

    private static (TestMachine Test, Cpu Cpu, long HighPfn) Machine()
    {
        var test = new TestMachine(KernelProfile.I386Pae, bytes: 1536L << 20);
        Cpu cpu = test.Machine.Cpus[0];
        cpu.LoadRoot(test.Spaces.KernelRoot, 0, -1);
        cpu.EnterKernel(EntryKind.Interrupt, 0xec, 0, 0, -1);
        return (test, cpu, test.Machine.State.Memory.Pages.Profile.DirectMapEndPfn + 0x200);
    }
}
