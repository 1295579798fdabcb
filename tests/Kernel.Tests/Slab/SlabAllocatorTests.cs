using Sim.Engine.Random;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

public sealed class SlabAllocatorTests
{
    [Fact]
    public void Request_IsServedFromPartialThenEmptyThenNewSlabs()
    {
        var (kernel, slab) = Boot();
        int cache = slab.CreateCache("thing", 500, 0, SlabFlags.None, false, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        int perSlab = state.ObjectsPerSlab;

        var first = Enumerable.Range(0, perSlab + 1).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1)).ToArray();
        Assert.Equal((2, 2, perSlab + 1L), (state.Slabs, state.ActiveSlabs, state.ActiveObjects));

        // One object of the full slab comes back: its slab goes to the end of the partial list, behind the second slab.
        slab.Free(first[0], kernel.Cpu, -1);
        long next = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        Assert.Equal(first[perSlab] >> 12, next >> 12);

        // The second slab empties and is kept; the first is the only partial one and is used before it.
        slab.Free(next, kernel.Cpu, -1);
        slab.Free(first[perSlab], kernel.Cpu, -1);
        Assert.Equal((2, 1), (state.Slabs, state.ActiveSlabs));
        Assert.Equal(first[0], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));

        // Now the empty one, without new frames.
        Assert.Equal(first[perSlab] >> 12, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1) >> 12);
        Assert.Equal(2, state.Slabs);
    }

    [Fact]
    public void FreedObject_IsReusedFirst_AndConstructedOnlyOnce()
    {
        var (kernel, slab) = Boot();
        int cache = slab.CreateCache("inode", 300, 0, SlabFlags.ReclaimAccount, true, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        long a = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        slab.Free(a, kernel.Cpu, -1);
        Assert.Equal(a, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(state.ObjectsPerSlab, state.Constructions);
        Assert.Equal(MigrateType.Reclaimable, kernel.Pages.Frames[a >> 12].MigrateType);
    }

    [Fact]
    public void Slabs_ChangeColour()
    {
        var (kernel, slab) = Boot();
        int cache = slab.CreateCache("coloured", 448, 0, SlabFlags.None, false, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        Assert.InRange(state.Colours, 2, 64);
        var offsets = new List<long>();
        for (int i = 0; i < state.ObjectsPerSlab * (state.Colours + 1); i++)
        {
            long address = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
            if (i % state.ObjectsPerSlab == 0)
            {
                offsets.Add(address & 4095);
            }
        }
        for (int i = 1; i < state.Colours; i++)
        {
            Assert.Equal(offsets[i - 1] + 64, offsets[i]);
        }
        Assert.Equal(offsets[0], offsets[state.Colours]);
    }

    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Classic)]
    public void Kmalloc_TakesTheSmallestClassThatHolds_AndCountsTheWaste(KernelProfile profile)
    {
        var (kernel, slab) = Boot(profile);
        long wasteBefore = slab.State.Caches.Sum(c => c.WastedBytes);
        foreach (int bytes in new[] { 1, 32, 33, 64, 65, 96, 97, 128, 129, 192, 193, 256, 4096, 4097, 131072 })
        {
            long address = slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1);
            SlabCache cache = slab.State.Caches[slab.State.Slab(slab.State.SlabOf(address)).Cache];
            int smallest = slab.State.Caches.Where(c => (c.Flags & SlabFlags.CacheDma) == 0 && IsGeneral(kernel, c) && c.ObjectBytes >= bytes).Min(c => c.ObjectBytes);
            Assert.Equal(smallest, cache.ObjectBytes);
            long waste = slab.State.Caches.Sum(c => c.WastedBytes);
            // A large object's slab is described by an object of its own, which may waste too.
            Assert.True(waste - wasteBefore >= cache.SizeBytes - bytes);
            slab.Kfree(address, kernel.Cpu, -1);
            wasteBefore = slab.State.Caches.Sum(c => c.WastedBytes);
        }
    }

    [Fact]
    public void Kmalloc_BeyondTheClasses_IsABlockOfFrames()
    {
        var (kernel, slab) = Boot();
        long address = slab.Kmalloc(131073, GfpFlags.Kernel, kernel.Cpu, -1);
        Frame frame = kernel.Pages.Frames[address >> 12];
        Assert.Equal((FrameState.Allocated, 6, KernelUser.LargeKmalloc), (frame.State, frame.Order, frame.Owner));
        slab.Kfree(address, kernel.Cpu, -1);
        Assert.Equal(-1, slab.Kmalloc((4L << 20) + 1, GfpFlags.Kernel, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    [Fact]
    public void Kmalloc_Dma_ComesFromZoneDma()
    {
        var (kernel, slab) = Boot();
        long address = slab.Kmalloc(100, GfpFlags.Kernel | GfpFlags.Dma, kernel.Cpu, -1);
        Assert.Equal(ZoneType.Dma, kernel.Pages.Frames[address >> 12].Zone);
    }

    [Fact]
    public void BadFrees_AreRefused()
    {
        var (kernel, slab) = Boot();
        long a = slab.Kmalloc(200, GfpFlags.Kernel, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(a + 8, kernel.Cpu, -1));
        slab.Kfree(a, kernel.Cpu, -1);
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(a, kernel.Cpu, -1));
        Assert.Throws<InvalidOperationException>(() => slab.Kfree(0x100000, kernel.Cpu, -1));
        Assert.Throws<ArgumentException>(() => slab.CreateCache("none", 0, 0, SlabFlags.None, false, kernel.Cpu, -1));
        Assert.Throws<ArgumentException>(() => slab.CreateCache("odd", 64, 48, SlabFlags.None, false, kernel.Cpu, -1));
    }

    /// <summary>Random traffic beside a plain set of live objects: none overlap, counts agree, everything comes back.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.I386Classic, 2)]
    public void RandomTraffic_AgreesWithAPlainModel_AndFolds(KernelProfile profile, ulong seed)
    {
        var log = new MemoryLog();
        var (kernel, slab) = Boot(profile, log);
        int mine = slab.CreateCache("mine", 72, 0, SlabFlags.HwCacheAlign, true, kernel.Cpu, -1);
        long activeBefore = slab.State.Caches.Sum(c => c.ActiveObjects);
        var random = new RandomStream(seed, "slab");
        var live = new SortedDictionary<long, int>();
        for (int i = 0; i < 20_000; i++)
        {
            if (live.Count > 0 && random.NextChance(live.Count < 800 ? 45u : 55u, 100))
            {
                long address = live.Keys.ElementAt((int)random.NextBelow((ulong)live.Count));
                slab.Kfree(address, kernel.Cpu, -1);
                live.Remove(address);
                continue;
            }
            int bytes = 1 + (int)(random.NextBelow(1UL << (int)(3 + random.NextBelow(11))));
            bool general = random.NextChance(3, 4);
            long got = general ? slab.Kmalloc(bytes, GfpFlags.Kernel, kernel.Cpu, -1) : slab.Alloc(mine, GfpFlags.Kernel, kernel.Cpu, -1);
            live.Add(got, general ? bytes : 72);
        }
        long end = 0;
        foreach ((long address, int bytes) in live)
        {
            Assert.True(address >= end, "two objects overlap");
            end = address + bytes;
        }
        Assert.True(slab.State.Caches.Sum(c => c.ActiveObjects) >= activeBefore + live.Count);
        Assert.Equal(live.Values.Sum(), slab.State.Caches.Skip(1).Sum(c => c.RequestedBytes) - DescriptionBytes(slab));
        kernel.AssertInvariants();

        kernel.Journal.Complete();
        var folded = new KernelMemoryState(kernel.Options, kernel.Map, 1);
        log.Fold(kernel.Catalogue, folded.Appliers);
        Assert.Equal(TestKernel.HashOf(kernel.State), TestKernel.HashOf(folded));
    }

    [Fact]
    public void Reap_GivesAllEmptySlabsBack()
    {
        var (kernel, slab) = Boot();
        long slabPages = slab.State.Pages(true) + slab.State.Pages(false);
        var addresses = Enumerable.Range(0, 5000).Select(i => slab.Kmalloc(1 + (i * 37 % 9000), GfpFlags.Kernel, kernel.Cpu, -1)).ToList();
        Assert.True(slab.State.Pages(true) + slab.State.Pages(false) > slabPages);
        addresses.ForEach(a => slab.Kfree(a, kernel.Cpu, -1));
        slab.ReapAll(kernel.Cpu, -1);
        Assert.Equal(slabPages, slab.State.Pages(true) + slab.State.Pages(false));
        Assert.All(slab.State.Caches, c => Assert.Equal(c.ActiveSlabs, c.Slabs));
        kernel.AssertInvariants();
    }

    [Fact]
    public void HotPath_AllocatesNothing()
    {
        var (kernel, slab) = Boot();
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

    [Fact]
    public void NoMemory_IsMinusOne_AndLeavesTheStateWhole()
    {
        var (kernel, slab) = Boot(bytes: 80L << 20);
        long last = 0;
        int count = 0;
        while ((last = slab.Kmalloc(65536, GfpFlags.Kernel, kernel.Cpu, -1)) >= 0)
        {
            count++;
        }
        Assert.True(count > 50);
        kernel.AssertInvariants();
    }

    private static bool IsGeneral(TestKernel kernel, SlabCache cache)
    {
        string name = kernel.Journal.Symbols[cache.Name];
        return name.StartsWith("kmalloc-", StringComparison.Ordinal) || name.StartsWith("size-", StringComparison.Ordinal);
    }

    private static long DescriptionBytes(SlabAllocator slab) =>
        slab.State.Caches.Where(c => (c.Flags & SlabFlags.OffSlab) != 0).Sum(c => (long)c.Slabs * c.ManagementBytes);

    private static (TestKernel Kernel, SlabAllocator Slab) Boot(
        KernelProfile profile = KernelProfile.X86_64, MemoryLog? log = null, long bytes = 256L << 20)
    {
        var kernel = new TestKernel(bytes, 1, new KernelOptions { Profile = profile }, log);
        var slab = new SlabAllocator(kernel.State.Slab, kernel.Allocator, kernel.Journal, kernel.Options.Slab);
        slab.Initialize(kernel.Cpu);
        return (kernel, slab);
    }
}
