using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>Bytes asked for beside bytes taken.</summary>
/// <param name="Name">A slab cache; <c>kmalloc (pages)</c> for blocks of frames that kmalloc handed out; <c>total</c>.</param>
/// <param name="Objects">Objects, or frames, handed out.</param>
/// <param name="Requested">Bytes asked for with them.</param>
/// <param name="InObjects">Bytes lost inside objects, or in the last frames of blocks: the size class is larger than the request.</param>
/// <param name="InSlabs">Bytes of slabs that no object handed out takes: free objects, descriptors, and the rest behind the last object.</param>
/// <param name="Taken">Bytes taken from the page allocator.</param>
public sealed record InternalFragmentationRow(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("objects")] long Objects,
    [property: JsonPropertyName("requestedBytes")] long Requested,
    [property: JsonPropertyName("lostInObjectsBytes")] long InObjects,
    [property: JsonPropertyName("lostInSlabsBytes")] long InSlabs,
    [property: JsonPropertyName("takenBytes")] long Taken)
{
    /// <summary>Share of the bytes taken that nobody asked for, 0 to 1.</summary>
    [JsonPropertyName("fragmentation")]
    public double Share => Taken == 0 ? 0 : (double)(Taken - Requested) / Taken;
}

/// <summary>Internal fragmentation: memory that was handed out and that nobody asked for, of slab objects and of whole frames.</summary>
public static class InternalFragmentation
{
    /// <summary>Caches that have slabs, blocks of frames, and the sum.</summary>
    public static IReadOnlyList<InternalFragmentationRow> Rows(SlabState state, SymbolTable symbols)
    {
        List<InternalFragmentationRow> rows =
        [
            .. state.Caches.Where(c => c.Slabs > 0).Select(c => new InternalFragmentationRow(
                symbols[c.Name], c.ActiveObjects, c.RequestedBytes, c.WastedBytes, (c.Pages * Page.Size) - (c.ActiveObjects * c.SizeBytes), c.Pages * Page.Size)),
            new("kmalloc (pages)", state.LargePages, state.LargeBytes, (state.LargePages * Page.Size) - state.LargeBytes, 0, state.LargePages * Page.Size),
        ];
        rows.Add(new InternalFragmentationRow(
            "total", rows.Sum(r => r.Objects), rows.Sum(r => r.Requested), rows.Sum(r => r.InObjects), rows.Sum(r => r.InSlabs), rows.Sum(r => r.Taken)));
        return rows;
    }

    /// <summary>A line per row.</summary>
    public static string Render(SlabState state, SymbolTable symbols)
    {
        var text = new StringBuilder($"{"cache",-20} {"objects",9} {"requested",12} {"in objects",12} {"in slabs",12} {"taken",12} {"lost",6}\n");
        foreach (InternalFragmentationRow r in Rows(state, symbols))
        {
            text.Append(CultureInfo.InvariantCulture, $"{r.Name,-20} {r.Objects,9} {r.Requested,12} {r.InObjects,12} {r.InSlabs,12} {r.Taken,12} {r.Share,6:0.000}\n");
        }
        return text.ToString();
    }
}
