namespace Sim.Host.Workloads.Malloc;

/// <summary>What mallopt(3) changes (struct malloc_par).</summary>
internal sealed class MallocTuning
{
    private const ulong DefaultBytes = 128 << 10;

    /// <summary>M_MMAP_THRESHOLD: chunks from this size on get a mapping of their own, bytes.</summary>
    public ulong MmapThresholdBytes { get; private set; } = DefaultBytes;

    /// <summary>M_TRIM_THRESHOLD: a top chunk from this size on is given back, bytes.</summary>
    public ulong TrimThresholdBytes { get; private set; } = DefaultBytes;

    /// <summary>M_TOP_PAD: asked for beyond need when the heap grows, and kept when it shrinks, bytes.</summary>
    public ulong TopPadBytes { get; private set; } = DefaultBytes;

    /// <summary>M_MMAP_MAX: mappings at a time.</summary>
    public int MaxMappings { get; private set; } = 65_536;

    /// <summary>The thresholds follow the sizes of freed mappings until mallopt sets any of these.</summary>
    public bool IsDynamic { get; private set; } = true;

    /// <summary>M_MMAP_THRESHOLD.</summary>
    public void SetMmapThreshold(ulong bytes) => (MmapThresholdBytes, IsDynamic) = (bytes, false);

    /// <summary>M_TRIM_THRESHOLD.</summary>
    public void SetTrimThreshold(ulong bytes) => (TrimThresholdBytes, IsDynamic) = (bytes, false);

    /// <summary>M_TOP_PAD.</summary>
    public void SetTopPad(ulong bytes) => (TopPadBytes, IsDynamic) = (bytes, false);

    /// <summary>M_MMAP_MAX.</summary>
    public void SetMaxMappings(int count) => (MaxMappings, IsDynamic) = (count, false);

    /// <summary>A mapping of a chunk is freed: chunks of its size will come from the heap from now on.</summary>
    public void Freed(ulong chunkBytes, ulong maxBytes)
    {
        if (IsDynamic && chunkBytes >= MmapThresholdBytes && chunkBytes < maxBytes)
        {
            MmapThresholdBytes = chunkBytes;
            TrimThresholdBytes = 2 * chunkBytes;
        }
    }
}
