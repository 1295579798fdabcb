using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>SLUB's rules, one by one. Objects of 512 bytes: 8 in a slab of one page, 13 partial slabs a CPU, 5 the node.</summary>
public sealed class SlubTests
{
    private const int PerSlab = 8, CpuPartial = 13, MinPartial = 5;

    [Fact]
    public void NewSlab_IsHandedOutInOrder()
    {
        var (kernel, slab, cache) = Boot();
        long[] objects = Fill(kernel, slab, cache, slabs: 1);
        Assert.Equal(Enumerable.Range(0, PerSlab).Select(i => objects[0] + (i * 512L)), objects);
    }

    [Fact]
    public void ObjectsFreedToTheCpusSlab_AreItsFirst()
    {
        var (kernel, slab, cache) = Boot();
        long a = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1), b = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        slab.Free(a, kernel.Cpu, -1);
        slab.Free(b, kernel.Cpu, -1);
        Assert.Equal(b, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(a, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
    }

    /// <summary>A full slab is on no list; the first object back puts it on the CPU's partial list, whose newest slab is used first.</summary>
    [Fact]
    public void FullSlabs_BecomePartialOnes_NewestFirst()
    {
        var (kernel, slab, cache) = Boot();
        long[] objects = Fill(kernel, slab, cache, slabs: 4);
        slab.Free(objects[0], kernel.Cpu, -1);
        slab.Free(objects[PerSlab], kernel.Cpu, -1);
        slab.Free(objects[1], kernel.Cpu, -1);
        Assert.Equal(objects[PerSlab], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(objects[1], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(objects[0], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(4, slab.State.Caches[cache].Slabs);
        kernel.AssertInvariants();
    }

    /// <summary>One more partial slab than a CPU keeps, and all older ones go to the node; then the CPU takes half of its limit and one more back.</summary>
    [Fact]
    public void CpuPartialList_OverflowsToTheNode_AndIsRefilledFromIt()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        Assert.Equal((PerSlab, CpuPartial, MinPartial), (state.ObjectsPerSlab, state.CpuPartialSlabs, state.MinPartial));
        long[] objects = Fill(kernel, slab, cache, slabs: 20);
        for (int i = 0; i < CpuPartial; i++)
        {
            slab.Free(objects[i * PerSlab], kernel.Cpu, -1);
        }
        Assert.Equal(0, state.NodePartial);
        slab.Free(objects[CpuPartial * PerSlab], kernel.Cpu, -1);
        Assert.Equal((CpuPartial, CpuPartial), (state.NodePartial, (int)state.NodePartialFree));

        // The one the CPU kept, then the newest of those that left, and with it the next seven.
        Assert.Equal(objects[CpuPartial * PerSlab], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(objects[(CpuPartial - 1) * PerSlab], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(CpuPartial - 1 - ((CpuPartial / 2) + 1), state.NodePartial);
        kernel.AssertInvariants();
    }

    /// <summary>An emptied slab stays while the node has no more than it wants to keep; then it goes at once.</summary>
    [Fact]
    public void EmptySlabs_AreGivenBackBeyondMinPartial()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = Fill(kernel, slab, cache, slabs: 20);
        for (int i = 0; i <= CpuPartial; i++)
        {
            slab.Free(objects[i * PerSlab], kernel.Cpu, -1);
        }
        for (int i = 1; i < PerSlab; i++)
        {
            slab.Free(objects[i], kernel.Cpu, -1);
        }
        Assert.Equal((19, CpuPartial - 1), (state.Slabs, state.NodePartial));
        for (int number = 1; number < CpuPartial; number++)
        {
            for (int i = 1; i < PerSlab; i++)
            {
                slab.Free(objects[(number * PerSlab) + i], kernel.Cpu, -1);
            }
        }
        // Four remain: the fifth was empty when four others were left, and they are empty too.
        Assert.Equal(MinPartial - 1, state.NodePartial);
        Assert.Equal(20 - CpuPartial + MinPartial - 1, state.Slabs);
        kernel.AssertInvariants();
    }

    /// <summary>Empty slabs among those that leave a CPU's list are taken apart when the node has enough.</summary>
    [Fact]
    public void EmptySlabsOfTheCpusList_GoWhenTheyLeaveIt()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = Fill(kernel, slab, cache, slabs: 20);
        for (int i = 0; i < CpuPartial * PerSlab; i++)
        {
            slab.Free(objects[i], kernel.Cpu, -1);
        }
        Assert.Equal((20, 0), (state.Slabs, state.NodePartial));
        slab.Free(objects[CpuPartial * PerSlab], kernel.Cpu, -1);
        Assert.Equal((20 - CpuPartial + MinPartial, MinPartial), (state.Slabs, state.NodePartial));
        Assert.Equal(CpuPartial - MinPartial, state.Reaped);
        kernel.AssertInvariants();
    }

    [Fact]
    public void WithoutCpuPartialLists_FullSlabsGoStraightToTheNode()
    {
        var (kernel, slab, cache) = Boot(new SlabAllocatorOptions { CpuPartial = false });
        SlabCache state = slab.State.Caches[cache];
        long[] objects = Fill(kernel, slab, cache, slabs: 3);
        slab.Free(objects[0], kernel.Cpu, -1);
        slab.Free(objects[PerSlab], kernel.Cpu, -1);
        Assert.Equal(2, state.NodePartial);
        Assert.Equal(objects[0], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        Assert.Equal(1, state.NodePartial);
        kernel.AssertInvariants();
    }

    /// <summary>An object another CPU frees goes onto the slab's own list; the owner finds it when its own ones run out.</summary>
    [Fact]
    public void ObjectsFreedByAnotherCpu_AreFoundLast()
    {
        var (kernel, slab, cache) = Boot(cpus: 2);
        long a = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpus[0], -1);
        slab.Free(a, kernel.Cpus[1], -1);
        int perSlab = slab.State.Caches[cache].ObjectsPerSlab;
        for (int i = 1; i < perSlab; i++)
        {
            Assert.NotEqual(a, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpus[0], -1));
        }
        Assert.Equal(a, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpus[0], -1));
        Assert.Equal(1, slab.State.Caches[cache].Slabs);
    }

    /// <summary>Shrinking takes the CPUs' slabs, gives empty ones back, and puts the fullest first.</summary>
    [Fact]
    public void Shrink_SortsByFreeObjects()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = Fill(kernel, slab, cache, slabs: 4);
        foreach ((int number, int free) in new[] { (0, 3), (1, PerSlab), (2, 1), (3, 5) })
        {
            for (int i = 0; i < free; i++)
            {
                slab.Free(objects[(number * PerSlab) + i], kernel.Cpu, -1);
            }
        }
        Assert.Equal(1, slab.Shrink(cache, kernel.Cpu, -1));
        Assert.Equal((3, 3), (state.Slabs, state.NodePartial));
        long[] order = [.. Enumerable.Range(0, 9).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1) >> 12).Distinct()];
        // The first from the node's list, then those the CPU took along, the last one first.
        Assert.Equal([objects[2 * PerSlab] >> 12, objects[3 * PerSlab] >> 12, objects[0] >> 12], order);
        kernel.AssertInvariants();
    }

    /// <summary>Where no block of the slab's order is free, the least order that holds an object does.</summary>
    [Fact]
    public void Order_FallsBackToTheLeast()
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub, bytes: 80L << 20);
        int cache = slab.CreateCache("thing", 1500, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        Assert.True(state.GfpOrder > state.MinOrder);
        // Every other page is taken, so no two neighbours are free.
        var pages = new List<long>();
        for (long pfn; (pfn = kernel.Allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.MemAlloc, 7, kernel.Cpu, -1)) >= 0;)
        {
            pages.Add(pfn);
        }
        foreach (long pfn in pages.Where(p => p % 2 == 0))
        {
            kernel.Allocator.FreePages(pfn, 0, kernel.Cpu, -1);
        }
        long a = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        Assert.Equal(0, kernel.Pages.Frames[a >> 12].Order);
        Assert.Equal((1, 2L), (state.Slabs, state.Objects));
        kernel.AssertInvariants();
        slab.Free(a, kernel.Cpu, -1);
        Assert.Equal(1, slab.Shrink(cache, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    /// <summary>A cache of like objects stands in for a new one; constructors, other families and slab_nomerge keep them apart.</summary>
    [Fact]
    public void Caches_Merge()
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub);
        int Make(int bytes, SlabFlags flags = SlabFlags.None, int align = 0) => slab.CreateCache($"c{bytes}-{flags}", bytes, align, flags, kernel.Cpu, -1);
        int first = Make(200);
        Assert.Equal(first, Make(193));
        Assert.Equal(200, slab.State.Caches[first].ObjectBytes);
        Assert.Equal(2, slab.State.Caches[first].References);
        Assert.NotEqual(first, Make(192));
        Assert.NotEqual(first, Make(200, SlabFlags.Constructor));
        Assert.NotEqual(first, Make(200, SlabFlags.TypesafeByRcu));
        Assert.NotEqual(first, Make(200, SlabFlags.Account));
        Assert.NotEqual(first, Make(200, SlabFlags.ReclaimAccount));
        Assert.Equal(first, Make(200, align: 8));
        Assert.NotEqual(first, Make(200, align: 16));
        // General caches, which may be copied to user space, are joined by no other.
        Assert.DoesNotContain("kmalloc", kernel.Journal.Symbols[slab.State.Caches[Make(256)].Name], StringComparison.Ordinal);

        var (other, apart) = SlabKernel.Boot(SlabAllocatorKind.Slub, options: new SlabAllocatorOptions { Merge = false });
        Assert.NotEqual(
            apart.CreateCache("a", 200, 0, SlabFlags.None, other.Cpu, -1), apart.CreateCache("b", 200, 0, SlabFlags.None, other.Cpu, -1));
    }

    private static (TestKernel Kernel, SlabAllocator Slab, int Cache) Boot(SlabAllocatorOptions? options = null, int cpus = 1)
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slub, cpus: cpus, options: options);
        return (kernel, slab, slab.CreateCache("thing", 512, 0, SlabFlags.None, kernel.Cpu, -1));
    }

    private static long[] Fill(TestKernel kernel, SlabAllocator slab, int cache, int slabs) =>
        [.. Enumerable.Range(0, slabs * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
}
