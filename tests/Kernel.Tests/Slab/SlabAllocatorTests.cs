using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>What holds for both allocators.</summary>
public sealed class SlabAllocatorTests
{
    [Theory]
    [InlineData(SlabAllocatorKind.Slub)]
    [InlineData(SlabAllocatorKind.Slab)]
    public void FreedObject_IsReusedFirst_AndConstructedOnlyOnce(SlabAllocatorKind kind)
    {
        var (kernel, slab) = SlabKernel.Boot(kind);
        int cache = slab.CreateCache("inode", 300, 0, SlabFlags.ReclaimAccount | SlabFlags.Constructor, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        long a = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        slab.Free(a, kernel.Cpu, -1);
        Assert.Equal(a, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(state.ObjectsPerSlab, state.Constructions);
        Assert.Equal(MigrateType.Reclaimable, kernel.Pages.Frames[a >> 12].MigrateType);
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 8, "kmalloc-")]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.X86_64, 32, "kmalloc-")]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic, 32, "size-")]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.I386Classic, 8, "kmalloc-")]
    public void Kmalloc_TakesTheSmallestClassThatHolds_AndCountsTheWaste(SlabAllocatorKind kind, KernelProfile profile, int least, string prefix)
    {
        var (kernel, slab) = SlabKernel.Boot(kind, profile);
        int largest = profile == KernelProfile.I386Classic && kind == SlabAllocatorKind.Slab ? 131072 : 8192;
        for (int bytes = 1; bytes <= largest; bytes += 1 + (bytes / 9))
        {
            int expected = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, least));
            expected = bytes is > 64 and <= 96 ? 96 : bytes is > 128 and <= 192 ? 192 : expected;
            long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
            SlabCache cache = CacheOf(slab, address);
            Assert.Equal(expected, cache.ObjectBytes);
            Assert.StartsWith(prefix, kernel.Journal.Symbols[cache.Name], StringComparison.Ordinal);
            long waste = cache.WastedBytes;
            slab.Kfree(address, kernel.Cpu, -1);
            Assert.Equal(cache.SizeBytes - bytes, waste - cache.WastedBytes);
        }
    }

    [Theory]
    [InlineData(GfpFlags.Kernel, "kmalloc-256", ZoneType.Dma32, MigrateType.Unmovable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Account, "kmalloc-cg-256", ZoneType.Dma32, MigrateType.Unmovable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Reclaimable, "kmalloc-rcl-256", ZoneType.Dma32, MigrateType.Reclaimable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Reclaimable | GfpFlags.Account, "kmalloc-rcl-256", ZoneType.Dma32, MigrateType.Reclaimable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Dma, "dma-kmalloc-256", ZoneType.Dma, MigrateType.Unmovable)]
    [InlineData(GfpFlags.Kernel | GfpFlags.Dma | GfpFlags.Account, "dma-kmalloc-256", ZoneType.Dma, MigrateType.Unmovable)]
    public void Kmalloc_HasFourFamilies(GfpFlags gfp, string cache, ZoneType zone, MigrateType type)
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub);
        long address = slab.Kmalloc(200, gfp, kernel.Cpu, -1);
        Frame frame = kernel.Pages.Frames[address >> 12];
        Assert.Equal((cache, zone, type), (kernel.Journal.Symbols[CacheOf(slab, address).Name], frame.Zone, frame.MigrateType));
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 8193, 2)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.X86_64, 8193, 2)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic, 131073, 6)]
    public void Kmalloc_BeyondTheClasses_IsABlockOfFrames(SlabAllocatorKind kind, KernelProfile profile, int bytes, int order)
    {
        var (kernel, slab) = SlabKernel.Boot(kind, profile);
        long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
        Frame frame = kernel.Pages.Frames[address >> 12];
        Assert.Equal((FrameState.Allocated, order, KernelUser.LargeKmalloc), (frame.State, frame.Order, frame.Owner));
        slab.Kfree(address, kernel.Cpu, -1);
        Assert.Equal(-1, slab.Kmalloc((4L << 20) + 1, GfpFlags.Kernel, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub)]
    [InlineData(SlabAllocatorKind.Slab)]
    public void BadFrees_AreRefused(SlabAllocatorKind kind)
    {
        var (kernel, slab) = SlabKernel.Boot(kind);
        long a = slab.Kmalloc(200, GfpFlags.Kernel, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(a + 8, kernel.Cpu, -1));
        slab.Kfree(a, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(a, kernel.Cpu, -1));
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(0x100000, kernel.Cpu, -1));
        Assert.Throws<ArgumentException>(() => slab.CreateCache("none", 0, 0, SlabFlags.None, kernel.Cpu, -1));
        Assert.Throws<ArgumentException>(() => slab.CreateCache("odd", 64, 48, SlabFlags.None, kernel.Cpu, -1));
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.X86_64)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic)]
    public void Shrink_GivesAllEmptySlabsBack(SlabAllocatorKind kind, KernelProfile profile)
    {
        var (kernel, slab) = SlabKernel.Boot(kind, profile);
        slab.ShrinkAll(kernel.Cpu, -1);
        long before = slab.State.Pages(true) + slab.State.Pages(false);
        var addresses = Enumerable.Range(0, 5000).Select(i => slab.Kmalloc(1 + (i * 37 % 9000), GfpFlags.Kernel, kernel.Cpu, -1)).ToList();
        Assert.True(slab.State.Pages(true) + slab.State.Pages(false) > before);
        addresses.ForEach(a => slab.Kfree(a, kernel.Cpu, -1));
        long held = slab.State.Pages(true) + slab.State.Pages(false);
        Assert.Equal(held - before, slab.ShrinkAll(kernel.Cpu, -1));
        Assert.Equal(before, slab.State.Pages(true) + slab.State.Pages(false));
        Assert.All(slab.State.Caches, c => Assert.Equal(c.ActiveSlabs, c.Slabs));
        kernel.AssertInvariants();
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub)]
    [InlineData(SlabAllocatorKind.Slab)]
    public void HotPath_AllocatesNothing(SlabAllocatorKind kind)
    {
        var (kernel, slab) = SlabKernel.Boot(kind);
        long[] live = new long[600];
        void Round()
        {
            for (int i = 0; i < live.Length; i++)
            {
                live[i] = slab.Kmalloc(1 + (i * 53 % 2000), GfpFlags.Kernel, kernel.Cpu, -1);
            }
            foreach (long address in live)
            {
                slab.Kfree(address, kernel.Cpu, -1);
            }
            slab.ShrinkAll(kernel.Cpu, -1);
        }
        for (int i = 0; i < 60; i++)
        {
            Round();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++)
        {
            Round();
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(SlabAllocatorKind.Slub, 8192)]
    [InlineData(SlabAllocatorKind.Slab, 8192)]
    public void NoMemory_IsMinusOne_AndLeavesTheStateWhole(SlabAllocatorKind kind, int bytes)
    {
        var (kernel, slab) = SlabKernel.Boot(kind, bytes: 80L << 20);
        int count = 0;
        while (slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1) >= 0)
        {
            count++;
        }
        Assert.True(count > 400);
        kernel.AssertInvariants();
        Assert.Equal(-1, slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    /// <summary>Random order is a permutation, differs between seeds, and is the same again with the same seed.</summary>
    [Theory]
    [InlineData(SlabAllocatorKind.Slub)]
    [InlineData(SlabAllocatorKind.Slab)]
    public void FreelistRandom_PermutesTheObjectsOfASlab(SlabAllocatorKind kind)
    {
        long[] Indices(ulong seed)
        {
            var (kernel, slab) = SlabKernel.Boot(kind, seed: seed, options: new SlabAllocatorOptions { FreelistRandom = true, Merge = false });
            int cache = slab.CreateCache("thing", 512, 0, SlabFlags.None, kernel.Cpu, -1);
            return [.. Enumerable.Range(0, 8).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1) & 4095)];
        }
        long[] one = Indices(1);
        Assert.Equal(Enumerable.Range(0, 8).Select(i => i * 512L), one.Order());
        Assert.Equal(one, Indices(1));
        Assert.NotEqual(one, Indices(2));
    }

    private static SlabCache CacheOf(SlabAllocator slab, long address) =>
        slab.State.Caches[slab.State.Slab(slab.State.SlabOf(address)).Cache];
}
