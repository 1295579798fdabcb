using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Sim.Kernel.ProcFs;

/// <summary>
/// What smaps tells of one area and smaps_rollup of all of them, in KiB (<c>__show_smap</c>, fs/proc/task_mmu.c, Linux 6.1).
/// </summary>
public abstract record SmapsFigures
{
    private protected SmapsFigures(SmapsSizes sizes)
    {
        Rss = sizes.Resident >> 10;
        Pss = sizes.Pss >> 10;
        PssDirty = sizes.PssDirty >> 10;
        SharedClean = sizes.SharedClean >> 10;
        SharedDirty = sizes.SharedDirty >> 10;
        PrivateClean = sizes.PrivateClean >> 10;
        PrivateDirty = sizes.PrivateDirty >> 10;
        Referenced = sizes.Referenced >> 10;
        Anonymous = sizes.Anonymous >> 10;
        LazyFree = sizes.LazyFree >> 10;
        AnonHugePages = sizes.AnonHugePages >> 10;
        Swap = sizes.Swap >> 10;
        SwapPss = sizes.SwapPss >> 10;
        Locked = sizes.Locked >> 10;
    }

    /// <summary>Pages that are mapped.</summary>
    [JsonPropertyName("Rss"), JsonPropertyOrder(1)]
    public long Rss { get; }

    /// <summary>Of those, each page's share by how often it is mapped.</summary>
    [JsonPropertyName("Pss"), JsonPropertyOrder(1)]
    public long Pss { get; }

    /// <summary>Of that, the share of dirty pages.</summary>
    [JsonPropertyName("Pss_Dirty"), JsonPropertyOrder(1)]
    public long PssDirty { get; }

    /// <summary>Clean pages mapped more than once.</summary>
    [JsonPropertyName("Shared_Clean"), JsonPropertyOrder(3)]
    public long SharedClean { get; }

    /// <summary>Dirty pages mapped more than once.</summary>
    [JsonPropertyName("Shared_Dirty"), JsonPropertyOrder(3)]
    public long SharedDirty { get; }

    /// <summary>Clean pages mapped once.</summary>
    [JsonPropertyName("Private_Clean"), JsonPropertyOrder(3)]
    public long PrivateClean { get; }

    /// <summary>Dirty pages mapped once.</summary>
    [JsonPropertyName("Private_Dirty"), JsonPropertyOrder(3)]
    public long PrivateDirty { get; }

    /// <summary>Pages marked as accessed.</summary>
    [JsonPropertyName("Referenced"), JsonPropertyOrder(3)]
    public long Referenced { get; }

    /// <summary>Anonymous pages.</summary>
    [JsonPropertyName("Anonymous"), JsonPropertyOrder(3)]
    public long Anonymous { get; }

    /// <summary>Pages given up by MADV_FREE and not written since.</summary>
    [JsonPropertyName("LazyFree"), JsonPropertyOrder(3)]
    public long LazyFree { get; }

    /// <summary>Anonymous huge pages.</summary>
    [JsonPropertyName("AnonHugePages"), JsonPropertyOrder(3)]
    public long AnonHugePages { get; }

    /// <summary>Pages that are swapped out.</summary>
    [JsonPropertyName("Swap"), JsonPropertyOrder(3)]
    public long Swap { get; }

    /// <summary>Of those, each page's share by how many entries name its slot.</summary>
    [JsonPropertyName("SwapPss"), JsonPropertyOrder(3)]
    public long SwapPss { get; }

    /// <summary>The share of pages in locked areas.</summary>
    [JsonPropertyName("Locked"), JsonPropertyOrder(3)]
    public long Locked { get; }

    /// <summary>The lines in the kernel's order; large pages of files and shared memory, and of hugetlbfs, are never mapped here.</summary>
    /// <param name="text">Where they go.</param>
    /// <param name="shares">What smaps_rollup has besides, behind Pss_Dirty.</param>
    internal void AppendTo(StringBuilder text, params ReadOnlySpan<(string Name, long Kib)> shares)
    {
        Append(text, ("Rss", Rss), ("Pss", Pss), ("Pss_Dirty", PssDirty));
        Append(text, shares);
        Append(
            text, ("Shared_Clean", SharedClean), ("Shared_Dirty", SharedDirty), ("Private_Clean", PrivateClean), ("Private_Dirty", PrivateDirty),
            ("Referenced", Referenced), ("Anonymous", Anonymous), ("LazyFree", LazyFree), ("AnonHugePages", AnonHugePages), ("ShmemPmdMapped", 0),
            ("FilePmdMapped", 0), ("Shared_Hugetlb", 0), ("Private_Hugetlb", 0), ("Swap", Swap), ("SwapPss", SwapPss), ("Locked", Locked));
    }

    /// <summary>Lines of a name and a size, as the kernel pads them.</summary>
    internal static void Append(StringBuilder text, params ReadOnlySpan<(string Name, long Kib)> lines)
    {
        foreach ((string name, long kib) in lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name + ":",-16}{kib,8} kB\n");
        }
    }
}
