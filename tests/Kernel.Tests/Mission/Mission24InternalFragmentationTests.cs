using Sim.Engine.Random;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 24, internal fragmentation: what is handed out and nobody asked for, of slab objects and of whole frames.</summary>
public sealed class Mission24InternalFragmentationTests
{
    /// <summary>The measure, beside a list of all that was asked for, kept by the test.</summary>
    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic)]
    public void MeasuredBytesAreThoseAskedFor(SlabAllocatorKind kind, KernelProfile profile)
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(kind, profile);
        var random = new RandomStream(24, "sizes");
        slab.ShrinkAll(kernel.Cpu, -1);
        long boot = Total(kernel).Requested;
        var live = new List<(long Address, long Bytes)>();
        for (int i = 0; i < 4_000; i++)
        {
            if (live.Count > 0 && random.NextBelow(5) < 2)
            {
                int k = (int)random.NextBelow((ulong)live.Count);
                slab.Kfree(live[k].Address, kernel.Cpu, -1);
                live.RemoveAt(k);
            }
            else
            {
                long bytes = 1 + (long)random.NextBelow(random.NextBelow(20) == 0 ? 300_000u : 5_000u);
                long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
                Assert.True(address >= 0);
                live.Add((address, bytes));
            }
        }
        InternalFragmentationRow total = Total(kernel);
        // The classic slab asks for some itself: descriptors of slabs of large objects lie in general caches.
        long asked = live.Sum(l => l.Bytes), own = total.Requested - boot - asked;
        Assert.InRange(own, 0, kind == SlabAllocatorKind.Slub ? 0 : asked / 100);
        Assert.Equal(total.Taken, total.Requested + total.InObjects + total.InSlabs);
        // Every byte taken lies in frames of slabs or of large blocks.
        FrameTable frames = kernel.Pages.Frames;
        Assert.Equal(total.Taken, 4096 * Enumerable.Range(0, frames.Count).Select(p => frames[p])
            .Where(f => f.State == FrameState.Allocated && (f.Use == FrameUse.Slab || f.Owner == KernelUser.LargeKmalloc)).Sum(f => 1L << f.Order));
        Assert.InRange(total.Share, 0.05, 0.6);
        live.ForEach(l => slab.Kfree(l.Address, kernel.Cpu, -1));
        slab.ShrinkAll(kernel.Cpu, -1);
        Assert.Equal((boot, 0L), (Total(kernel).Requested, kernel.State.Slab.LargePages));
        kernel.AssertInvariants();
    }

    /// <summary>Whole frames: n bytes take the next power of two of them; alloc_pages_exact loses less than a page.</summary>
    [Theory]
    [InlineData(8_193, 4)]
    [InlineData(16_384, 4)]
    [InlineData(20_000, 8)]
    [InlineData(140_000, 64)]
    public void PagesAreRoundedUpToPowersOfTwo(int bytes, int frames)
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slub);
        slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
        InternalFragmentationRow pages = InternalFragmentation.Rows(kernel.State.Slab, kernel.Journal.Symbols).Single(r => r.Name == "kmalloc (pages)");
        Assert.Equal((frames, bytes, (frames * 4096L) - bytes), (pages.Objects, pages.Requested, pages.InObjects));
        long free = kernel.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
        kernel.Allocator.AllocPagesExact((bytes + 4095) / 4096, GfpFlags.Kernel, 1, kernel.Cpu, -1);
        long exact = (free - kernel.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count))) * 4096;
        Assert.InRange(exact - bytes, 0, 4095);
    }

    /// <summary>A few bytes of a page are a page for a process: /proc/PID/smaps counts the page.</summary>
    [Fact]
    public void AByteOfAPageIsAPage()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 5_000, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous);
        Assert.Equal(8_192UL, vm.AreasOf(pid)[0].VmEnd - at);
        vm.Touch(pid, at + 4_999, write: true);
        Assert.Equal(1, vm.Spaces[pid].AnonRss);
    }

    private static InternalFragmentationRow Total(TestKernel kernel) => InternalFragmentation.Rows(kernel.State.Slab, kernel.Journal.Symbols)[^1];
}
