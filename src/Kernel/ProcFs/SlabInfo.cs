using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Slab;

namespace Sim.Kernel.ProcFs;

/// <summary>One line of <c>/proc/slabinfo</c>, and what it does not tell: the waste inside objects.</summary>
/// <param name="Name">Name of the cache.</param>
/// <param name="ActiveObjs">Objects in use as the allocator counts them: SLUB takes all for used but those free in the node's partial slabs, the classic slab those in arrays too.</param>
/// <param name="NumObjs">Objects there are.</param>
/// <param name="ObjSize">Bytes from one object to the next.</param>
/// <param name="ObjPerSlab">Objects per slab.</param>
/// <param name="PagesPerSlab">Frames per slab.</param>
/// <param name="Limit">Objects in a CPU's array; 0 for SLUB.</param>
/// <param name="BatchCount">Objects moved at a time; 0 for SLUB.</param>
/// <param name="SharedFactor">Batches in the shared array; 0 for SLUB.</param>
/// <param name="ActiveSlabs">Slabs in use: for SLUB all.</param>
/// <param name="NumSlabs">Slabs there are.</param>
/// <param name="SharedAvail">Objects in the shared array.</param>
/// <param name="HandedOutObjs">Objects really handed out.</param>
/// <param name="RequestedBytes">Bytes asked for with the objects handed out.</param>
/// <param name="WastedBytes">Bytes they take beyond that: internal fragmentation.</param>
public sealed record SlabInfoRow(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("active_objs")] long ActiveObjs,
    [property: JsonPropertyName("num_objs")] long NumObjs,
    [property: JsonPropertyName("objsize")] int ObjSize,
    [property: JsonPropertyName("objperslab")] int ObjPerSlab,
    [property: JsonPropertyName("pagesperslab")] int PagesPerSlab,
    [property: JsonPropertyName("limit")] int Limit,
    [property: JsonPropertyName("batchcount")] int BatchCount,
    [property: JsonPropertyName("sharedfactor")] int SharedFactor,
    [property: JsonPropertyName("active_slabs")] int ActiveSlabs,
    [property: JsonPropertyName("num_slabs")] int NumSlabs,
    [property: JsonPropertyName("sharedavail")] int SharedAvail,
    [property: JsonPropertyName("handed_out_objs")] long HandedOutObjs,
    [property: JsonPropertyName("requested_bytes")] long RequestedBytes,
    [property: JsonPropertyName("wasted_bytes")] long WastedBytes);

/// <summary><c>/proc/slabinfo</c>, version 2.1 (mm/slab_common.c, <c>cache_show</c>; <c>get_slabinfo</c> of mm/slub.c and mm/slab.c): the newest cache first.</summary>
public static class SlabInfo
{
    /// <summary>One row per cache.</summary>
    /// <param name="state">The caches.</param>
    /// <param name="symbols">Names of the run.</param>
    public static IReadOnlyList<SlabInfoRow> Rows(SlabState state, SymbolTable symbols) =>
        [.. state.Caches.Reverse().Select(c => Row(c, symbols[c.Name]))];

    /// <summary>The kernel's layout.</summary>
    public static string Render(SlabState state, SymbolTable symbols)
    {
        var text = new StringBuilder();
        text.Append("slabinfo - version: 2.1\n");
        text.Append("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>");
        text.Append(" : tunables <limit> <batchcount> <sharedfactor>");
        text.Append(" : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
        foreach (SlabInfoRow row in Rows(state, symbols))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{row.Name,-17} {row.ActiveObjs,6} {row.NumObjs,6} {row.ObjSize,6} {row.ObjPerSlab,4} {row.PagesPerSlab,4}");
            text.Append(CultureInfo.InvariantCulture, $" : tunables {row.Limit,4} {row.BatchCount,4} {row.SharedFactor,4}");
            text.Append(CultureInfo.InvariantCulture, $" : slabdata {row.ActiveSlabs,6} {row.NumSlabs,6} {row.SharedAvail,6}\n");
        }
        return text.ToString();
    }

    private static SlabInfoRow Row(SlabCache c, string name)
    {
        bool slub = c.Kind == SlabAllocatorKind.Slub;
        return new SlabInfoRow(
            name, c.Objects - (slub ? c.NodePartialFree : c.FreeObjects), c.Objects, c.SizeBytes, c.ObjectsPerSlab, 1 << c.GfpOrder,
            c.Tuning.Limit, c.Tuning.BatchCount, c.Tuning.SharedFactor,
            slub ? c.Slabs : c.Slabs - c.FreeSlabs, c.Slabs, c.SharedAvailable, c.ActiveObjects, c.RequestedBytes, c.WastedBytes);
    }
}
