namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// Sizes of glibc's malloc that follow from a machine's word (glibc 2.36, malloc/malloc.c and sysdeps/i386/malloc-alignment.h). Both have
/// chunks of multiples of 16 bytes at addresses that make user memory 16-byte aligned.
/// </summary>
/// <param name="WordBytes">SIZE_SZ: 8 or 4.</param>
internal sealed record MallocAbi(uint WordBytes)
{
    /// <summary>MALLOC_ALIGNMENT.</summary>
    public const ulong Alignment = 16;

    /// <summary>The page size that sbrk and mmap sizes are rounded to.</summary>
    public const ulong PageBytes = 4096;

    /// <summary>x86-64.</summary>
    public static MallocAbi X86_64 { get; } = new(8);

    /// <summary>i386.</summary>
    public static MallocAbi I386 { get; } = new(4);

    /// <summary>CHUNK_HDR_SZ: from a chunk's address to the user's.</summary>
    public ulong HeaderBytes => 2 * WordBytes;

    /// <summary>MINSIZE.</summary>
    public ulong MinChunkBytes => WordBytes == 8 ? 32UL : 16;

    /// <summary>sizeof(struct malloc_chunk), which malloc_trim spares in front of the pages it gives back.</summary>
    public ulong ChunkStructBytes => 6 * WordBytes;

    /// <summary>MIN_LARGE_SIZE: from here on a bin holds chunks of different sizes.</summary>
    public ulong MinLargeBytes => WordBytes == 8 ? 1024UL : 1008;

    /// <summary>The greatest chunk that goes to a fastbin.</summary>
    public ulong MaxFastBytes => 16 * WordBytes;

    /// <summary>sizeof(tcache_perthread_struct), allocated before the first block.</summary>
    public ulong ThreadCacheBytes => ThreadCache.Bins * (2 + WordBytes);

    /// <summary>DEFAULT_MMAP_THRESHOLD_MAX: freed mappings up to here raise the threshold.</summary>
    public ulong MaxMmapThresholdBytes => WordBytes == 8 ? 32UL << 20 : 512UL << 10;

    /// <summary>PTRDIFF_MAX: no request may be greater.</summary>
    public ulong MaxRequestBytes => WordBytes == 8 ? (ulong)long.MaxValue : int.MaxValue;

    /// <summary>The chunk for a request (checked_request2size).</summary>
    /// <returns>Bytes, or null if there is none.</returns>
    public ulong? ChunkBytes(ulong requestBytes) => requestBytes > MaxRequestBytes
        ? null
        : Math.Max(MinChunkBytes, RoundUp(requestBytes + WordBytes, Alignment));

    /// <summary>The bin of a free chunk (bin_index).</summary>
    public int BinOf(ulong chunkBytes)
    {
        if (chunkBytes < MinLargeBytes)
        {
            return (int)(chunkBytes >> 4) + (WordBytes == 8 ? 0 : 1);
        }
        (ulong narrow, int offset) = WordBytes == 8 ? (48UL, 48) : (45UL, 49);
        return (chunkBytes >> 6) <= narrow ? offset + (int)(chunkBytes >> 6)
            : (chunkBytes >> 9) <= 20 ? 91 + (int)(chunkBytes >> 9)
            : (chunkBytes >> 12) <= 10 ? 110 + (int)(chunkBytes >> 12)
            : (chunkBytes >> 15) <= 4 ? 119 + (int)(chunkBytes >> 15)
            : (chunkBytes >> 18) <= 2 ? 124 + (int)(chunkBytes >> 18)
            : 126;
    }

    /// <summary>Rounds up to a multiple of a power of two.</summary>
    public static ulong RoundUp(ulong value, ulong unit) => (value + unit - 1) & ~(unit - 1);
}
