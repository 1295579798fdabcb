using Sim.Engine.Random;
using Sim.Host.Workloads.Malloc;

namespace Sim.Host.Tests.Workloads.Malloc;

/// <summary>What holds for an allocator after any sequence of calls, whatever the kernel answers.</summary>
public sealed class GlibcMallocPropertyTests
{
    [Theory]
    [InlineData(8, Trouble.None)]
    [InlineData(4, Trouble.None)]
    [InlineData(8, Trouble.HeapCannotGrow)]
    [InlineData(4, Trouble.HeapCannotGrow)]
    [InlineData(8, Trouble.NoMappings)]
    [InlineData(8, Trouble.NoRemapping)]
    [InlineData(8, Trouble.ForeignBreak)]
    [InlineData(4, Trouble.ForeignBreak)]
    public void BlocksAreApartAlignedAndMapped(uint wordBytes, Trouble trouble)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            var random = new RandomStream((ulong)seed, "malloc");
            var kernel = new RecordingKernel();
            GlibcMalloc heap = kernel.Heap(new MallocAbi(wordBytes));
            var blocks = new SortedList<ulong, ulong>();
            for (int step = 0; step < 4_000; step++)
            {
                Prepare(kernel, trouble, step);
                Step(heap, blocks, random);
                if (step % 50 == 0)
                {
                    Check(heap, blocks, kernel);
                }
            }
            foreach (ulong block in blocks.Keys)
            {
                heap.Free(block);
            }
            heap.Trim(0);
            Assert.DoesNotContain(kernel.Ranges.All, r => trouble == Trouble.None && r.Start != RecordingKernel.InitialBreak);
        }
    }

    /// <summary>What goes wrong.</summary>
    public enum Trouble
    {
        None,
        HeapCannotGrow,
        NoMappings,
        NoRemapping,

        /// <summary>Something else in the program moves the break.</summary>
        ForeignBreak,
    }

    private static void Prepare(RecordingKernel kernel, Trouble trouble, int step)
    {
        kernel.MmapFails = trouble == Trouble.NoMappings;
        kernel.MremapFails = trouble == Trouble.NoRemapping;
        if (trouble == Trouble.HeapCannotGrow && step == 1_000)
        {
            kernel.BreakLimit = kernel.Break;
        }
        if (trouble == Trouble.ForeignBreak && step % 1_000 == 999)
        {
            kernel.BreakLimit = kernel.Break;
            kernel.Ranges.Add(kernel.Break, kernel.Break + 4096);
        }
    }

    private static void Step(GlibcMalloc heap, SortedList<ulong, ulong> blocks, RandomStream random)
    {
        ulong bytes = random.NextBelow(20) switch
        {
            < 12 => random.NextBelow(600),
            < 17 => random.NextBelow(9_000),
            < 19 => random.NextBelow(200_000),
            _ => random.NextBelow(2_000_000),
        };
        ulong action = random.NextBelow(20);
        if (blocks.Count > 0 && action < 10)
        {
            ulong block = blocks.Keys[(int)random.NextBelow((ulong)blocks.Count)];
            if (action < 7)
            {
                heap.Free(block);
                blocks.Remove(block);
                return;
            }
            ulong moved = heap.Realloc(block, bytes + 1);
            if (moved != 0)
            {
                blocks.Remove(block);
                blocks.Add(moved, bytes + 1);
            }
            return;
        }
        ulong alignment = 1UL << (int)random.NextBelow(15);
        ulong got = action < 12 ? heap.Memalign(alignment, bytes) : action < 14 ? heap.Calloc(bytes) : heap.Malloc(bytes);
        if (got != 0)
        {
            Assert.Equal(0UL, got % (action < 12 ? alignment : 16));
            blocks.Add(got, bytes);
        }
    }

    private static void Check(GlibcMalloc heap, SortedList<ulong, ulong> blocks, RecordingKernel kernel)
    {
        ulong end = 0;
        foreach ((ulong block, ulong bytes) in blocks)
        {
            ulong usable = heap.UsableBytes(block);
            Assert.True(usable >= bytes, $"{usable} of {bytes}");
            Assert.True(block >= end, $"0x{block:x} lies in the block before it, which ends at 0x{end:x}");
            Assert.Equal(0UL, block % 16);
            Assert.True(kernel.IsMapped(block, usable), $"0x{block:x}+{usable} is not mapped");
            end = block + usable;
        }
    }
}
