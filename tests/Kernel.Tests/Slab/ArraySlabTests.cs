using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>The classic slab's rules, one by one. Objects of 512 bytes: 8 in a slab, 54 in a CPU's array, moved 27 at a time.</summary>
public sealed class ArraySlabTests
{
    private const int PerSlab = 8, Limit = 54, Batch = 27;

    /// <summary>An idle CPU's first request fills its array with 16 objects of one new slab after the other's end: here 8, all of a new slab.</summary>
    [Fact]
    public void EmptyArray_TakesABatch_AndHandsOutTheLast()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long first = slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        Assert.Equal((1, 0L, PerSlab - 1), (state.Slabs, state.FreeObjects, state.Array(0).Available));
        // The array is a stack: what went in last comes out first.
        Assert.Equal(first - 512, slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
    }

    /// <summary>What is freed goes into the array; a full one gives its oldest half back, and emptied slabs stay up to the limit.</summary>
    [Fact]
    public void FullArray_GivesItsOldestBatchBack()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = [.. Enumerable.Range(0, 20 * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
        int available = state.Array(0).Available;
        for (int i = 0; i < Limit - available; i++)
        {
            slab.Free(objects[i], kernel.Cpu, -1);
        }
        Assert.Equal((Limit, 0L), (state.Array(0).Available, state.FreeObjects));
        slab.Free(objects[Limit - available], kernel.Cpu, -1);
        Assert.Equal((Limit - Batch + 1, (long)Batch), (state.Array(0).Available, state.FreeObjects));
        Assert.Equal(objects[Limit - available], slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1));
        kernel.AssertInvariants();
    }

    /// <summary>A CPU in use takes a whole batch at a time, from partial slabs before free ones.</summary>
    [Fact]
    public void Refill_TakesPartialSlabsFirst()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = [.. Enumerable.Range(0, 20 * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
        // Slab 0 empties, slab 1 becomes partial; the array is drained so that they reach their slabs.
        foreach (long address in objects[..PerSlab].Append(objects[PerSlab]))
        {
            slab.Free(address, kernel.Cpu, -1);
        }
        Assert.Equal(0, slab.State.LastNodeReapPs);
        Drain(kernel, slab);
        Assert.Equal((PerSlab + 1L, 1), (state.FreeObjects, state.FreeSlabs));
        Assert.Equal(objects[PerSlab] >> 12, SlabsOf(slab, cache, kernel, 9)[^1]);
        Assert.Equal(0, state.FreeObjects);
        kernel.AssertInvariants();
    }

    /// <summary>Free slabs beyond the limit (two batches for one CPU, and a slab) are taken apart as they come.</summary>
    [Fact]
    public void FreeSlabs_BeyondTheLimit_AreTakenApart()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        Assert.Equal((2 * Batch) + PerSlab, state.FreeLimit);
        long[] objects = [.. Enumerable.Range(0, 40 * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
        foreach (long address in objects)
        {
            slab.Free(address, kernel.Cpu, -1);
        }
        Assert.InRange(state.FreeObjects, 1, state.FreeLimit);
        Assert.True(state.Reaped > 20);
        kernel.AssertInvariants();
    }

    /// <summary>With several CPUs a full array's batch goes to the shared one, from where another CPU takes it.</summary>
    [Fact]
    public void SharedArray_CarriesObjectsFromCpuToCpu()
    {
        var (kernel, slab, cache) = Boot(cpus: 2);
        SlabCache state = slab.State.Caches[cache];
        Assert.Equal(8 * Batch, state.Shared!.Limit);
        long[] objects = [.. Enumerable.Range(0, 20 * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpus[0], -1))];
        foreach (long address in objects[..(Limit + 1)])
        {
            slab.Free(address, kernel.Cpus[1], -1);
        }
        Assert.Equal((Batch, Limit - Batch + 1), (state.SharedAvailable, state.Array(1).Available));
        int atHand = state.Array(0).Available;
        for (int i = 0; i <= atHand; i++)
        {
            slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpus[0], -1);
        }
        // CPU 0 allocates all the time, so it takes a whole batch, of what CPU 1 freed first.
        Assert.Equal((0, Batch - 1), (state.SharedAvailable, state.Array(0).Available));
        kernel.AssertInvariants();
    }

    /// <summary>cache_reap leaves arrays in use alone, takes a fifth of the limit from idle ones, and free slabs nobody looked for.</summary>
    [Fact]
    public void Reap_TakesFromIdleArraysOnly()
    {
        var (kernel, slab, cache) = Boot();
        SlabCache state = slab.State.Caches[cache];
        long[] objects = [.. Enumerable.Range(0, 10 * PerSlab).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
        foreach (long address in objects[..Limit])
        {
            if (state.Array(0).Available < Limit)
            {
                slab.Free(address, kernel.Cpu, -1);
            }
        }
        Assert.Equal(Limit, state.Array(0).Available);
        slab.Reap(long.MaxValue, kernel.Cpu, -1);
        Assert.Equal(Limit, state.Array(0).Available);
        slab.Reap(long.MaxValue, kernel.Cpu, -1);
        Assert.Equal(Limit - ((Limit + 4) / 5), state.Array(0).Available);
        int slabs = state.Slabs;
        for (int i = 0; i < 40; i++)
        {
            slab.Reap(0, kernel.Cpu, -1);
        }
        Assert.Equal((0, 0), (state.Array(0).Available, state.FreeSlabs));
        Assert.True(state.Slabs < slabs);
        kernel.AssertInvariants();
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 64, false)]
    [InlineData(KernelProfile.I386Classic, 0, true)]
    public void Slabs_ChangeColour(KernelProfile profile, int firstOffset, bool descriptorFirst)
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, profile, options: new SlabAllocatorOptions { Merge = false });
        int cache = slab.CreateCache("coloured", 600, 0, SlabFlags.None, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache];
        while (state.Slabs <= 2 * state.Colours)
        {
            slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1);
        }
        long[] offsets = [.. Enumerable.Range(0, slab.State.RecordCount).Select(n => slab.State.Slab(n))
            .Where(s => s.Cache == cache && s.Objects > 0).Select(s => (long)s.FirstObject)];
        Assert.InRange(state.Colours, 2, 64);
        Assert.Equal(firstOffset, offsets[0] - (descriptorFirst ? state.ManagementBytes : 0));
        for (int i = 1; i < state.Colours; i++)
        {
            Assert.Equal((offsets[i - 1] - offsets[0] + 64) % (64L * state.Colours), (offsets[i] - offsets[0] + (64L * state.Colours)) % (64L * state.Colours));
        }
        Assert.Equal(state.Colours, offsets.Distinct().Count());
    }

    /// <summary>Indices outside of the slab are an object of a general cache, made and freed with it.</summary>
    [Fact]
    public void OffSlabIndices_LiveAndDieWithTheirSlab()
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slab);
        int cache = slab.CreateCache("constructed", 1024, 0, SlabFlags.Constructor, kernel.Cpu, -1);
        SlabCache state = slab.State.Caches[cache], general = slab.State.Caches.Single(c => kernel.Journal.Symbols[c.Name] == "kmalloc-32");
        Assert.Equal(SlabFlags.OffSlab | SlabFlags.Constructor, state.Flags);
        long before = general.ActiveObjects;
        long[] objects = [.. Enumerable.Range(0, 40).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1))];
        Assert.Equal(state.Slabs, general.ActiveObjects - before);
        foreach (long address in objects)
        {
            slab.Free(address, kernel.Cpu, -1);
        }
        slab.Shrink(cache, kernel.Cpu, -1);
        Assert.Equal((0, before), (state.Slabs, general.ActiveObjects));
        kernel.AssertInvariants();
    }

    private static void Drain(TestKernel kernel, SlabAllocator slab)
    {
        for (int i = 0; i < 20; i++)
        {
            slab.Reap(long.MaxValue, kernel.Cpu, -1);
        }
    }

    private static long[] SlabsOf(SlabAllocator slab, int cache, TestKernel kernel, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => slab.Alloc(cache, GfpFlags.Kernel, kernel.Cpu, -1) >> 12)];

    private static (TestKernel Kernel, SlabAllocator Slab, int Cache) Boot(int cpus = 1)
    {
        var (kernel, slab) = SlabKernel.Boot(SlabAllocatorKind.Slab, cpus: cpus, options: new SlabAllocatorOptions { Merge = false });
        return (kernel, slab, slab.CreateCache("thing", 512, 0, SlabFlags.None, kernel.Cpu, -1));
    }
}
