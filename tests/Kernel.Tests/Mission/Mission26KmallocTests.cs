using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 26, kmalloc. The size classes are those of the recorded kernels' /proc/slabinfo.</summary>
public sealed class Mission26KmallocTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    public void ClassesAreTheRecordedOnes(KernelProfile profile)
    {
        int[] recorded = [.. File.ReadLines(Path.Combine(RealKernel.Root(), "tests", "Kernel.Tests", "Slab", "slabinfo-6.1.txt"))
            .Where(l => l.StartsWith("kmalloc-", StringComparison.Ordinal) && char.IsAsciiDigit(l[8])).Select(l => int.Parse(l.Split(' ')[1])).Distinct().Order()];
        Assert.Equal([8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192], recorded);
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slub, profile);
        for (int bytes = 1; bytes <= 8_192; bytes += 1 + (bytes / 16))
        {
            long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
            int record = kernel.Pages.Frames[FrameView.Head(kernel.Pages.Frames, address >> 12)].Index;
            Assert.Equal(recorded.First(c => c >= bytes), slab.State.Caches[slab.State.Slab(record).Cache].SizeBytes);
        }
        kernel.AssertInvariants();
    }

    /// <summary>Beyond the largest class: a block of the buddy system, rounded up to a power of two of frames; beyond 4 MiB nothing.</summary>
    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 8_193, 2)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 100_000, 5)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.I386Pae, 1 << 20, 8)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic, 200_000, 6)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 4 << 20, 10)]
    public void LargeRequestsGoToTheBuddySystem(SlabAllocatorKind kind, KernelProfile profile, int bytes, int order)
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(kind, profile);
        long slabPages = kernel.State.Slab.Pages(true) + kernel.State.Slab.Pages(false);
        long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
        Frame head = kernel.Pages.Frames[address >> 12];
        Assert.Equal((FrameState.Allocated, order, FrameUse.None), (head.State, head.Order, head.Use));
        Assert.Equal(slabPages, kernel.State.Slab.Pages(true) + kernel.State.Slab.Pages(false));
        Assert.Equal((bytes, 1L << order), (kernel.State.Slab.LargeBytes, kernel.State.Slab.LargePages));
        slab.Kfree(address, kernel.Cpu, -1);
        Assert.Equal((0L, 0L), (kernel.State.Slab.LargeBytes, kernel.State.Slab.LargePages));
        Assert.Equal(-1, slab.Kmalloc((4L << 20) + 1, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Kmalloc(0, GfpFlags.Kernel, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    /// <summary>What a class is larger than the request is reported, and gone when it is freed.</summary>
    [Fact]
    public void WasteIsReported()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slub);
        InternalFragmentationRow Row(string name) => InternalFragmentation.Rows(kernel.State.Slab, kernel.Journal.Symbols).Single(r => r.Name == name);
        long[] objects = [.. Enumerable.Range(0, 30).Select(_ => slab.Kmalloc(130, GfpFlags.Kernel, kernel.Cpu, -1))];
        InternalFragmentationRow row = Row("kmalloc-192");
        Assert.Equal((30L, 30L * 130, 30L * 62), (row.Objects, row.Requested, row.InObjects));
        SlabInfoRow info = SlabInfo.Rows(kernel.State.Slab, kernel.Journal.Symbols).Single(r => r.Name == "kmalloc-192");
        Assert.Equal((30L, 30L * 62), (info.HandedOutObjs, info.WastedBytes));
        slab.Kfree(objects[0], kernel.Cpu, -1);
        Assert.Equal(29 * 62, Row("kmalloc-192").InObjects);
    }
}
