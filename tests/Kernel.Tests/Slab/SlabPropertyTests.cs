using Sim.Engine.Random;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>
/// Random operations of several CPUs beside a plain set of live objects: none overlap, counts agree, every object is in one
/// place at every check, everything comes back, and the fold of the log is the live state.
/// </summary>
public sealed class SlabPropertyTests
{
    [Theory]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 1, 1)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 4, 2)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.X86_64, 2, 3)]
    [InlineData(SlabAllocatorKind.Slub, KernelProfile.I386Classic, 2, 4)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.X86_64, 1, 5)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.X86_64, 4, 6)]
    [InlineData(SlabAllocatorKind.Slab, KernelProfile.I386Classic, 2, 7)]
    public void RandomTraffic_AgreesWithAPlainModel_AndFolds(SlabAllocatorKind kind, KernelProfile profile, int cpus, ulong seed)
    {
        var log = new MemoryLog();
        var options = new SlabAllocatorOptions { FreelistRandom = seed % 2 == 0, CpuPartial = seed != 3, Merge = seed != 4 };
        var (kernel, slab) = SlabKernel.Boot(kind, profile, log, cpus: cpus, seed: seed, options: options);
        int[] mine =
        [
            slab.CreateCache("lines", 72, 0, SlabFlags.HwCacheAlign | SlabFlags.Constructor, kernel.Cpu, -1),
            slab.CreateCache("large", 3000, 0, SlabFlags.ReclaimAccount, kernel.Cpu, -1),
            slab.CreateCache("constructed", 1024, 0, SlabFlags.Constructor, kernel.Cpu, -1),
            slab.CreateCache("single", 32768, 0, SlabFlags.None, kernel.Cpu, -1),
        ];
        long ownObjects = slab.State.Caches.Sum(c => c.ActiveObjects), ownBytes = slab.State.Caches.Sum(c => c.RequestedBytes) - DescriptionBytes(slab);
        var random = new RandomStream(seed, "slab");
        var live = new List<(long Address, int Bytes)>();
        for (int i = 0; i < 60_000; i++)
        {
            var cpu = kernel.Cpus[(int)random.NextBelow((ulong)cpus)];
            if (random.NextChance(1, 3000))
            {
                if (random.NextChance(1, 2))
                {
                    slab.ShrinkAll(cpu, -1);
                }
                else
                {
                    cpu.Charge(1_000_000_000);
                    slab.Reap(2_000_000_000, cpu, -1);
                }
            }
            // The number of live objects swings, so that slabs fill and empty.
            bool grow = i / 6_000 % 2 == 0;
            if (live.Count > 0 && random.NextChance(grow ? 40u : 60u, 100))
            {
                int victim = (int)random.NextBelow((ulong)live.Count);
                slab.Kfree(live[victim].Address, cpu, -1);
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }
            else
            {
                live.Add(Allocate(slab, mine, random, cpu));
            }
            if (i % 2_000 == 0)
            {
                kernel.AssertInvariants();
            }
        }
        kernel.AssertInvariants();
        long end = 0;
        foreach ((long address, int bytes) in live.Order())
        {
            Assert.True(address >= end, "two objects overlap");
            end = address + bytes;
        }
        long descriptions = slab.State.Caches.Where(c => (c.Flags & SlabFlags.OffSlab) != 0).Sum(c => (long)c.Slabs);
        Assert.Equal(live.Sum(o => (long)o.Bytes), slab.State.Caches.Sum(c => c.RequestedBytes) - DescriptionBytes(slab) - ownBytes);
        Assert.InRange(slab.State.Caches.Sum(c => c.ActiveObjects) - ownObjects - live.Count, 0, descriptions);

        kernel.Journal.Complete();
        var folded = new KernelMemoryState(kernel.Options, kernel.Map, cpus);
        log.Fold(kernel.Catalogue, folded.Appliers);
        Assert.Equal(TestKernel.HashOf(kernel.State), TestKernel.HashOf(folded));
        Assert.Null(folded.Violation());

        live.ForEach(o => slab.Kfree(o.Address, kernel.Cpu, -1));
        slab.ShrinkAll(kernel.Cpu, -1);
        kernel.AssertInvariants();
        Assert.Equal(ownBytes, slab.State.Caches.Sum(c => c.RequestedBytes) - DescriptionBytes(slab));
    }

    private static (long Address, int Bytes) Allocate(SlabAllocator slab, int[] mine, RandomStream random, Hardware.Cpu.CpuClock cpu)
    {
        if (random.NextChance(1, 4))
        {
            int cache = mine[random.NextBelow((ulong)mine.Length)];
            return (slab.Alloc(cache, GfpFlags.Kernel, cpu, -1), slab.State.Caches[cache].ObjectBytes);
        }
        int bytes = 1 + (int)random.NextBelow(1UL << (int)(3 + random.NextBelow(10)));
        GfpFlags family = random.NextBelow(4) switch
        {
            0 => GfpFlags.Reclaimable,
            1 => GfpFlags.Account,
            2 => GfpFlags.Dma,
            _ => GfpFlags.None,
        };
        return (slab.Kmalloc(bytes, GfpFlags.Kernel | family, cpu, -1), bytes);
    }

    private static long DescriptionBytes(SlabAllocator slab) =>
        slab.State.Caches.Where(c => (c.Flags & SlabFlags.OffSlab) != 0).Sum(c => (long)c.Slabs * c.ManagementBytes);
}
