using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 25, slab: the cache chain and the three lists of a kmem_cache, the documents' five steps of an allocation, constructors
/// and reuse; CPU arrays, colours, descriptors outside the slab and reaping of the classic slab; SLUB with the layouts of recorded kernels.
/// </summary>
public sealed class Mission25SlabTests
{
    [Theory]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64)]
    public void TheChainHasEveryCacheAndFindsItsObjects(SlabAllocatorKind kind, KernelProfile profile)
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(kind, profile, options: new SlabAllocatorOptions { Merge = false });
        int before = slab.State.Caches.Count;
        string[] names = ["dentry", "inode_cache", "vm_area_struct"];
        int[] numbers = [.. names.Select((n, i) => slab.CreateCache(n, 100 + (100 * i), 0, SlabFlags.None, kernel.Cpu, -1))];
        Assert.Equal(before + 3, slab.State.Caches.Count);
        Assert.Equal(names, numbers.Select(n => kernel.Journal.Symbols[slab.State.Caches[n].Name]));
        Assert.Equal(names.Reverse(), SlabInfo.Rows(kernel.State.Slab, kernel.Journal.Symbols).Take(3).Select(r => r.Name));
        foreach (int number in numbers)
        {
            long address = slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1);
            Frame head = kernel.Pages.Frames[FrameView.Head(kernel.Pages.Frames, address >> 12)];
            Assert.Equal((FrameUse.Slab, number, 1L), (head.Use, slab.State.Slab(head.Index).Cache, slab.State.Caches[number].ActiveObjects));
        }
        kernel.AssertInvariants();
    }

    /// <summary>
    /// The five steps, seen through the array in front of the lists, which takes its objects a batch at a time: as long as a slab has free
    /// objects none is grown (2), partial ones are used up before an empty one (3, 4), and only then a new one comes from the buddy system (5).
    /// </summary>
    [Fact]
    public void SlabsMoveBetweenTheListsInFiveSteps()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, KernelProfile.I386Classic, options: new SlabAllocatorOptions { Merge = false });
        int number = slab.CreateCache("object", 512, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache cache = slab.State.Caches[number];
        int perSlab = cache.ObjectsPerSlab;
        var objects = new List<long>();
        while (cache.Slabs < 20)
        {
            long free = cache.FreeObjects + cache.Array(0).Available;
            int slabs = cache.Slabs;
            objects.Add(slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1));
            Assert.Equal(free == 0 ? slabs + 1 : slabs, cache.Slabs);
        }
        // More than the array holds is given back: slabs that were full are partial, then empty.
        foreach (long address in objects[..(8 * perSlab)])
        {
            slab.Free(address, kernel.Cpu, -1);
        }
        Assert.InRange(cache.FreeSlabs, 1, 8);
        Assert.True(cache.FreeObjects >= cache.FreeSlabs * perSlab);
        int grown = cache.Slabs, emptied = cache.FreeSlabs, taken = 0;
        while (cache.Slabs == grown)
        {
            long partial = cache.FreeObjects - (cache.FreeSlabs * perSlab);
            int empty = cache.FreeSlabs;
            slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1);
            if (cache.FreeSlabs < empty)
            {
                Assert.True(partial < cache.Tuning.BatchCount, "partial slabs go first");
                taken += empty - cache.FreeSlabs;
            }
        }
        Assert.Equal((emptied, 0), (taken, cache.FreeSlabs));
        kernel.AssertInvariants();
    }

    /// <summary>A constructor runs for every object of a new slab, and never for one that is used again.</summary>
    [Theory]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64)]
    public void ObjectsAreConstructedOnceAndUsedAgain(SlabAllocatorKind kind, KernelProfile profile)
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(kind, profile);
        int number = slab.CreateCache("inode", 300, 0, SlabFlags.Constructor, kernel.Cpu, -1);
        SlabCache cache = slab.State.Caches[number];
        var seen = new HashSet<long>();
        for (int i = 0; i < 500; i++)
        {
            long address = slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1);
            seen.Add(address);
            slab.Free(address, kernel.Cpu, -1);
        }
        Assert.Single(seen);
        Assert.Equal(cache.Objects, cache.Constructions);
    }

    /// <summary>CPUs have arrays of objects, filled and emptied in batches: what one CPU frees it gets again, and another one does not.</summary>
    [Fact]
    public void CpusHaveArraysOfTheirOwn()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, KernelProfile.I386Classic, cpus: 2);
        int number = slab.CreateCache("object", 512, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache cache = slab.State.Caches[number];
        long one = slab.Alloc(number, GfpFlags.Kernel, kernel.Cpus[0], -1), two = slab.Alloc(number, GfpFlags.Kernel, kernel.Cpus[1], -1);
        slab.Free(one, kernel.Cpus[0], -1);
        slab.Free(two, kernel.Cpus[1], -1);
        Assert.Equal((two, one), (slab.Alloc(number, GfpFlags.Kernel, kernel.Cpus[1], -1), slab.Alloc(number, GfpFlags.Kernel, kernel.Cpus[0], -1)));
        // limit and batch of /proc/slabinfo's tunables for objects of 257 to 1,024 bytes: 54 and 27 (mm/slab.c, enable_cpucache).
        Assert.Equal((54, 27), (cache.Tuning.Limit, cache.Tuning.BatchCount));
        Assert.True(cache.Array(0).Available > 0);
        kernel.AssertInvariants();
    }

    /// <summary>Slabs begin at offsets that differ by the colour, one after the other, so that objects do not share cache sets.</summary>
    [Fact]
    public void SlabsAreColoured()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, KernelProfile.I386Classic, options: new SlabAllocatorOptions { Merge = false });
        int number = slab.CreateCache("coloured", 600, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache cache = slab.State.Caches[number];
        Assert.True(cache.Colours > 1);
        var firsts = new Dictionary<long, long>();
        while (cache.Slabs <= 2 * cache.Colours)
        {
            long address = slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1);
            firsts[address >> 12] = Math.Min(firsts.GetValueOrDefault(address >> 12, long.MaxValue), address & 4095);
        }
        Assert.Equal(cache.Colours, firsts.Values.Select(o => o % cache.SizeBytes).Distinct().Count());
    }

    /// <summary>Descriptors of slabs of large objects lie outside them, as objects of a general cache, and come and go with the slab.</summary>
    [Fact]
    public void DescriptorsOfLargeObjectsLieOutside()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, KernelProfile.I386Classic, options: new SlabAllocatorOptions { Merge = false });
        int small = slab.CreateCache("small", 100, 0, SlabFlags.None, kernel.Cpu, -1), large = slab.CreateCache("large", 2_048, 0, SlabFlags.None, kernel.Cpu, -1);
        long others = OtherObjects(large);
        var objects = new List<long>();
        while (slab.State.Caches[large].Slabs < 6)
        {
            objects.Add(slab.Alloc(large, GfpFlags.Kernel, kernel.Cpu, -1));
        }
        Assert.Equal(others + 6, OtherObjects(large));
        // Objects of half a page fill their pages to the last byte: there is no room for a descriptor.
        Assert.Equal(0, (slab.State.Caches[large].ObjectsPerSlab * 2_048) % 4096);
        Assert.True(slab.State.Caches[small].ManagementBytes > 0);
        objects.ForEach(a => slab.Free(a, kernel.Cpu, -1));
        slab.ShrinkAll(kernel.Cpu, -1);
        Assert.Equal((0, others), (slab.State.Caches[large].Slabs, OtherObjects(large)));

        long OtherObjects(int but) => slab.State.Caches.Where(c => c.Number != but).Sum(c => c.ActiveObjects);
    }

    /// <summary>The periodic reaper takes objects from idle arrays and free slabs that nobody asked for, a part at a time.</summary>
    [Fact]
    public void IdleCachesAreReaped()
    {
        (TestKernel kernel, SlabAllocator slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, KernelProfile.I386Classic);
        int number = slab.CreateCache("object", 512, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache cache = slab.State.Caches[number];
        long[] objects = [.. Enumerable.Range(0, 400).Select(_ => slab.Alloc(number, GfpFlags.Kernel, kernel.Cpu, -1))];
        foreach (long address in objects)
        {
            slab.Free(address, kernel.Cpu, -1);
        }
        int slabs = cache.Slabs, rounds = 0;
        Assert.True(slabs > 0);
        for (; cache.Slabs > 0 && rounds < 200; rounds++)
        {
            slab.Reap(long.MaxValue, kernel.Cpu, -1);
            slab.Reap(0, kernel.Cpu, -1);
        }
        Assert.InRange(rounds, 2, 199);
        kernel.AssertInvariants();
    }

    /// <summary>SLUB's layouts: every row of /proc/slabinfo of three recorded 6.1 kernels follows from the size of its objects.</summary>
    [Theory]
    [MemberData(nameof(SlubLayoutTests.Machines), MemberType = typeof(SlubLayoutTests))]
    public void SlubLayoutsAreThoseOfSlabinfo(string machine, int word, int rows) => new SlubLayoutTests().EveryRow(machine, word, rows);
}
