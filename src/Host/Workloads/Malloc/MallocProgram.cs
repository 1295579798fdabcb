namespace Sim.Host.Workloads.Malloc;

/// <summary>A program that does nothing but use the heap, as a sequence of library calls that its seed determines.</summary>
/// <param name="Name">What recordings call it.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Run">Makes the calls, as a program for machines with words of so many bytes and compiled with a seed.</param>
internal sealed record MallocProgram(string Name, string Summary, Action<GlibcMalloc, int> Run)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<MallocProgram> All { get; } =
    [
        new("m1_many_small", "many small blocks, freed in random order, in several rounds", ManySmall),
        new("m2_growing_realloc", "buffers that grow and shrink by realloc", GrowingRealloc),
        new("m3_threshold", "blocks around the mmap threshold, which their frees raise", Threshold),
        new("m4_top_trim", "a stack of blocks whose top grows and is trimmed, then mallopt", TopTrim),
        new("m5_mixture", "all sizes, with calloc, realloc and aligned blocks", Mixture),
    ];

    private static void ManySmall(GlibcMalloc heap, int seed)
    {
        const int Blocks = 20_000, Rounds = 4;
        var random = new LinearCongruence(seed, 2654435761, 1);
        ulong[] blocks = new ulong[Blocks];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < Blocks; i++)
            {
                if (blocks[i] == 0)
                {
                    blocks[i] = heap.Malloc(16 + random.Below(round % 2 == 1 ? 900u : 120));
                }
            }
            for (int i = 0; i < Blocks; i++)
            {
                if (random.Below(100) < 70)
                {
                    heap.Free(blocks[i]);
                    blocks[i] = 0;
                }
            }
        }
        FreeAll(heap, blocks);
    }

    private static void GrowingRealloc(GlibcMalloc heap, int seed)
    {
        bool odd = (seed & 1) != 0;
        ulong first = 0, second = 0, secondBytes = 64;
        ulong bytes = (ulong)(100 + seed * 7);
        for (; bytes < 6_000_000; bytes = bytes * (odd ? 3UL : 7) / (odd ? 2UL : 5))
        {
            first = heap.Realloc(first, bytes);
            if (bytes < 400_000)
            {
                second = heap.Realloc(second, secondBytes);
                secondBytes += 3_000;
            }
        }
        for (; bytes > 1_000; bytes /= 2)
        {
            first = heap.Realloc(first, bytes);
        }
        heap.Free(second);
        heap.Free(first);
        for (ulong cleared = 1_000; cleared < 3_000_000; cleared += 97_000)
        {
            heap.Free(heap.Realloc(heap.Calloc(cleared), 2 * cleared));
        }
    }

    private static void Threshold(GlibcMalloc heap, int seed)
    {
        const int Blocks = 24, Rounds = 200;
        const uint Least = 100 << 10;
        var random = new LinearCongruence(seed, 2246822519, 7);
        ulong[] blocks = new ulong[Blocks];
        for (int i = 0; i < Blocks; i++)
        {
            blocks[i] = heap.Malloc(Least + random.Below(Least));
        }
        for (int round = 0; round < Rounds; round++)
        {
            uint i = random.Below(Blocks);
            heap.Free(blocks[i]);
            uint bytes = Least + random.Below(Least);
            blocks[i] = heap.Malloc(round % 40 == 39 ? 1_000_000 + random.Below(4_000_000) : bytes);
        }
        FreeAll(heap, blocks);
        foreach (ulong mebibytes in (ReadOnlySpan<ulong>)[40, 33, 31, 31, 20])
        {
            heap.Free(heap.Malloc(mebibytes << 20));
        }
    }

    private static void TopTrim(GlibcMalloc heap, int seed)
    {
        var blocks = new Stack<ulong>();
        for (int round = 0; round < 12; round++)
        {
            int up = 40 + (round * 37 + seed * 11) % 120;
            for (int i = 0; i < up; i++)
            {
                blocks.Push(heap.Malloc((ulong)(3_000 + (i * 331 + round * 77) % 5_000)));
            }
            Pop(heap, blocks, up - round % 3 * 9);
        }
        heap.Trim(0);
        heap.Trim(65_536);
        heap.Mallopt(t => t.SetTrimThreshold(16_384));
        heap.Mallopt(t => t.SetTopPad(8_192));
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 30; i++)
            {
                blocks.Push(heap.Malloc((ulong)(4_000 + i * 100)));
            }
            Pop(heap, blocks, 30);
        }
        Pop(heap, blocks, blocks.Count);
    }

    private static void Mixture(GlibcMalloc heap, int seed)
    {
        const int Blocks = 500, Steps = 20_000;
        var random = new LinearCongruence(seed, 3266489917, 3);
        ulong[] blocks = new ulong[Blocks];
        for (int step = 0; step < Steps; step++)
        {
            ref ulong block = ref blocks[random.Below(Blocks)];
            uint bytes = MixedSize(random);
            uint choice = random.Below(100);
            if (block != 0 && choice < 55)
            {
                heap.Free(block);
                block = 0;
            }
            else if (block != 0)
            {
                block = heap.Realloc(block, bytes);
            }
            else
            {
                block = choice < 10 ? heap.Calloc(bytes)
                    : choice < 15 ? heap.Memalign(1UL << (5 + (int)random.Below(9)), bytes)
                    : heap.Malloc(bytes);
            }
        }
        FreeAll(heap, blocks);
    }

    private static uint MixedSize(LinearCongruence random) => random.Below(100) switch
    {
        < 60 => 1 + random.Below(500),
        < 85 => 500 + random.Below(8_000),
        < 96 => 8_000 + random.Below(90_000),
        < 99 => 100_000 + random.Below(300_000),
        _ => 400_000 + random.Below(3_000_000),
    };

    private static void FreeAll(GlibcMalloc heap, ulong[] blocks)
    {
        foreach (ulong block in blocks)
        {
            heap.Free(block);
        }
    }

    private static void Pop(GlibcMalloc heap, Stack<ulong> blocks, int count)
    {
        for (; count > 0 && blocks.Count > 0; count--)
        {
            heap.Free(blocks.Pop());
        }
    }

    /// <summary>The programs' generator: Knuth's multiplier modulo 2^32, the low byte dropped.</summary>
    private sealed class LinearCongruence(int seed, uint factor, uint addend)
    {
        private uint _state = unchecked((uint)seed * factor + addend);

        public uint Below(uint bound)
        {
            _state = unchecked(_state * 1664525 + 1013904223);
            return (_state >> 8) % bound;
        }
    }
}
