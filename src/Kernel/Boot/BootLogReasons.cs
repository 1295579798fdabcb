namespace Sim.Kernel.Boot;

/// <summary>What memory is kept for, from the name of the function that asked memblock for it.</summary>
internal static class BootLogReasons
{
    private static readonly (string Caller, ReserveReason Reason)[] Known =
    [
        ("reserve_real_mode", ReserveReason.LowMemory),
        ("smp_scan_config", ReserveReason.LowMemory),
        ("setup_arch", ReserveReason.Brk),
        ("setup_log_buf", ReserveReason.LogBuffer),
        ("init_mem_mapping", ReserveReason.DirectMapTables),
        ("alloc_low_pages", ReserveReason.DirectMapTables),
        ("memmap_alloc", ReserveReason.MemMap),
        ("sparse_init_nid", ReserveReason.MemMap),
        ("vmemmap_alloc_block", ReserveReason.MemMap),
        ("sparse_", ReserveReason.Sections),
        ("setup_usemap", ReserveReason.Sections),
        ("swiotlb_init", ReserveReason.BounceBuffers),
        ("pcpu_fc_alloc", ReserveReason.PerCpuAreas),
        ("pcpu_embed_first_chunk", ReserveReason.PerCpuAreas),
    ];

    private const long LeastHashBytes = 1 << 16;

    /// <summary>The reason; <see cref="ReserveReason.BootTables"/> for the many small ones.</summary>
    public static ReserveReason Of(string caller, MemblockRegion region)
    {
        if (region.End <= 1 << 20)
        {
            return ReserveReason.LowMemory;
        }
        foreach ((string name, ReserveReason reason) in Known)
        {
            if (caller.StartsWith(name, StringComparison.Ordinal))
            {
                return reason;
            }
        }
        return caller.StartsWith("alloc_large_system_hash", StringComparison.Ordinal) && region.Size >= LeastHashBytes
            ? ReserveReason.DentryHash
            : caller.StartsWith("memblock_alloc", StringComparison.Ordinal) ? ReserveReason.NodeData
            : ReserveReason.BootTables;
    }
}
