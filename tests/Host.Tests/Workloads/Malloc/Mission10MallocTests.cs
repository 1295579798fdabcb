using Sim.Host.Workloads.Malloc;

namespace Sim.Host.Tests.Workloads.Malloc;

/// <summary>
/// Mission row 10, malloc: brk below and mmap above M_MMAP_THRESHOLD, its dynamic adjustment, trimming, and library calls told from system
/// calls (mallopt(3) and malloc(3) of the Linux manual pages).
/// </summary>
public sealed class Mission10MallocTests
{
    private readonly RecordingKernel _kernel = new();

    [Fact]
    public void ManyLibraryCallsCostFewSystemCalls()
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        for (int i = 0; i < 1_000; i++)
        {
            heap.Free(heap.Malloc(100));
        }
        Assert.Equal(2_000, heap.LibraryCalls);
        Assert.Equal(["brk(0)", "brk +135168"], _kernel.Calls);
    }

    /// <summary>
    /// The threshold is on the chunk, header and rounding included, and only asked where the top is too small: the first block leaves less.
    /// </summary>
    [Theory]
    [InlineData(128 * 1024 - 25, false)]
    [InlineData(128 * 1024 - 24, false)]
    [InlineData(128 * 1024 - 23, true)]
    [InlineData(128 * 1024, true)]
    public void TheMmapThresholdIsOnTheChunkSize(int bytes, bool mapped)
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        heap.Malloc(5_000);
        heap.Malloc((ulong)bytes);
        Assert.Equal(mapped, _kernel.Calls.Exists(c => c.StartsWith("mmap", StringComparison.Ordinal)));
    }

    [Fact]
    public void AFreedMappingRaisesTheThresholdsAndMalloptStopsThat()
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        heap.Free(heap.Malloc(1_000_000));
        Assert.Equal((1_003_520UL, 2_007_040UL), (heap.Tuning.MmapThresholdBytes, heap.Tuning.TrimThresholdBytes));
        _kernel.Calls.Clear();
        heap.Free(heap.Malloc(1_000_000));
        Assert.DoesNotContain(_kernel.Calls, c => c.StartsWith("mmap", StringComparison.Ordinal));

        heap = new RecordingKernel().Heap(MallocAbi.X86_64);
        heap.Mallopt(t => t.SetTopPad(64 << 10));
        heap.Free(heap.Malloc(1_000_000));
        Assert.Equal((128UL << 10, 128UL << 10), (heap.Tuning.MmapThresholdBytes, heap.Tuning.TrimThresholdBytes));
    }

    [Theory]
    [InlineData(8, 33, false)]
    [InlineData(8, 31, true)]
    [InlineData(4, 1, false)]
    public void TheDynamicThresholdEndsAt32MiBOr512KiB(uint wordBytes, ulong mebibytes, bool raised)
    {
        GlibcMalloc heap = _kernel.Heap(new MallocAbi(wordBytes));
        heap.Free(heap.Malloc(mebibytes << 20));
        Assert.Equal(raised, heap.Tuning.MmapThresholdBytes > 128 << 10);
    }

    [Fact]
    public void AnI386HeapBeginsEightBytesBeforeAnAlignedAddress()
    {
        ulong block = _kernel.Heap(MallocAbi.I386).Malloc(24);
        Assert.Equal(0UL, block % 16);
        // The correction for it costs a page, and a second call.
        Assert.Equal(["brk(0)", "brk +135168", "brk +139264"], _kernel.Calls);
    }

    [Fact]
    public void TheTopIsGivenBackFromTheTrimThresholdOn()
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        ulong[] blocks = [.. Enumerable.Range(0, 40).Select(_ => heap.Malloc(10_000))];
        ulong high = _kernel.Break;
        foreach (ulong block in blocks.Reverse())
        {
            heap.Free(block);
        }
        Assert.True(_kernel.Break < high - (128 << 10), $"{_kernel.Break} of {high}");
        heap.Trim(0);
        Assert.InRange(_kernel.Break - RecordingKernel.InitialBreak, 4_096UL, 8_192UL);
    }

    [Fact]
    public void ReallocMovesAMappingWithoutCopying()
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        ulong block = heap.Realloc(0, 200_000);
        block = heap.Realloc(block, 2_000_000);
        Assert.Equal(["brk(0)", "brk +135168", "mmap 200704", "mremap 200704 2002944"], _kernel.Calls);
        Assert.Equal(0UL, heap.Realloc(block, 0));
        Assert.Equal("munmap 2002944", _kernel.Calls[^1]);
    }

    [Fact]
    public void WhatIsNoBlockCannotBeFreed()
    {
        GlibcMalloc heap = _kernel.Heap(MallocAbi.X86_64);
        ulong block = heap.Malloc(10);
        Assert.Throws<ArgumentException>(() => heap.Free(block + 16));
        Assert.Throws<ArgumentException>(() => heap.Free(1));
        heap.Free(0);
    }

    [Fact]
    public void WithoutMemoryThereIsNoBlock()
    {
        _kernel.BreakLimit = RecordingKernel.InitialBreak;
        _kernel.MmapFails = true;
        GlibcMalloc heap = _kernel.Heap(MallocAbi.I386);
        Assert.Equal((0UL, 0UL, 0UL, 0UL), (heap.Malloc(10), heap.Calloc(1_000_000), heap.Memalign(64, 100), heap.Malloc(ulong.MaxValue)));
        _kernel.BreakLimit = ulong.MaxValue;
        Assert.NotEqual(0UL, heap.Malloc(10));
    }
}
