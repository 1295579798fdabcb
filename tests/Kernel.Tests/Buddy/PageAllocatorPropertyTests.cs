using Sim.Kernel.Buddy;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

public sealed class PageAllocatorPropertyTests
{
    [Theory]
    [InlineData(KernelProfile.X86_64, 96, 1, 1)]
    [InlineData(KernelProfile.X86_64, 256, 3, 2)]
    [InlineData(KernelProfile.I386Classic, 64, 2, 3)]
    [InlineData(KernelProfile.I386Classic, 1024, 1, 4)]
    public void Invariants_HoldThroughout(KernelProfile profile, int megabytes, int cpus, ulong seed)
    {
        var kernel = new TestKernel((long)megabytes << 20, cpus, new KernelOptions { Profile = profile });
        kernel.AssertInvariants();
        var churn = new Churn(kernel, seed, slots: megabytes * 8);
        for (int round = 0; round < 12; round++)
        {
            churn.Run(4000);
            kernel.AssertInvariants();
        }
        churn.FreeAll();
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        kernel.AssertInvariants();
        Assert.Equal(kernel.Pages.Zones.Sum(z => z.ManagedPages) - kernel.Pages.Profile.VmallocTables, kernel.Pages.Zones.Sum(z => z.FreePages));
    }

    [Fact]
    public void AfterEverythingIsFreed_FreeBlocksAreThoseOfBoot()
    {
        var kernel = new TestKernel(128L << 20);
        int[] before = FreeBlocks(kernel);
        var churn = new Churn(kernel, 7, slots: 3000);
        churn.Run(60_000);
        Assert.True(churn.Failures > 0, "the test is to reach the end of memory");
        churn.FreeAll();
        kernel.Allocator.DrainAll(kernel.Cpu, -1);
        // Page blocks kept for atomic requests do not merge with others: blocks above the page block count as page blocks.
        Assert.Equal(InPageBlocks(before), InPageBlocks(FreeBlocks(kernel)));
    }

    private static int[] InPageBlocks(int[] freeBlocks)
    {
        int[] blocks = [.. freeBlocks];
        for (int i = PageOrder.Max; i < blocks.Length; i += PageOrder.Count)
        {
            blocks[i - 1] += 2 * blocks[i];
            blocks[i] = 0;
        }
        return blocks;
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 2)]
    [InlineData(KernelProfile.I386Classic, 1)]
    public void Fold_GivesTheLiveState_AtTheEndAndInBetween(KernelProfile profile, int cpus)
    {
        var log = new MemoryLog();
        var kernel = new TestKernel(96L << 20, cpus, new KernelOptions { Profile = profile }, log);
        var churn = new Churn(kernel, 11, slots: 6000);
        var hashes = new SortedDictionary<long, ulong>();
        for (int i = 0; i < 20; i++)
        {
            churn.Run(1500);
            hashes[kernel.Journal.NextSequence] = TestKernel.HashOf(kernel.State);
        }
        kernel.Journal.Complete();

        var folded = new KernelMemoryState(kernel.Options, kernel.Map, cpus);
        int compared = 0;
        log.Fold(kernel.Catalogue, folded.Appliers, after: sequence =>
        {
            if (hashes.TryGetValue(sequence + 1, out ulong live))
            {
                Assert.Equal(live, TestKernel.HashOf(folded));
                compared++;
            }
        });
        Assert.Equal(20, compared);
    }

    [Fact]
    public void EveryMomentOfALog_SatisfiesTheInvariants()
    {
        var log = new MemoryLog();
        var kernel = new TestKernel(80L << 20, 2, sink: log);
        new Churn(kernel, 5, slots: 600).Run(1500);
        kernel.Journal.Complete();
        var folded = new KernelMemoryState(kernel.Options, kernel.Map, 2);
        bool booted = false;
        log.Fold(kernel.Catalogue, folded.Appliers, after: sequence =>
        {
            booted |= folded.Pages.MinFreeKbytes > 0;
            if (booted && sequence % 3 == 0)
            {
                Assert.Null(PageInvariants.Violation(folded.Pages));
            }
        });
    }

    private static int[] FreeBlocks(TestKernel kernel) =>
        [.. kernel.Pages.Zones.SelectMany(z => Enumerable.Range(0, PageOrder.Count).Select(z.FreeBlocks))];
}
