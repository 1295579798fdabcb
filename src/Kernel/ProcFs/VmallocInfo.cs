using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel.ProcFs;

/// <summary>One line of <c>/proc/vmallocinfo</c>.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Behind the last address.</param>
/// <param name="Size">Bytes of addresses, the guard page included.</param>
/// <param name="Caller">Who asked; null for addresses that wait for a purge.</param>
/// <param name="Pages">Pages it owns.</param>
/// <param name="Flags">What it is for: <c>vmalloc</c>, <c>vmap</c> and others; <c>unpurged</c> for addresses that wait.</param>
/// <param name="Vpages">The array that lists its pages is a vmalloc area itself.</param>
public sealed record VmallocInfoRow(
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("caller")] string? Caller,
    [property: JsonPropertyName("pages")] long Pages,
    [property: JsonPropertyName("flags")] IReadOnlyList<string> Flags,
    [property: JsonPropertyName("vpages")] bool Vpages);

/// <summary><c>/proc/vmallocinfo</c> (<c>s_show</c> of mm/vmalloc.c, Linux 6.1): areas in use, then addresses that wait for a purge.</summary>
public static class VmallocInfo
{
    /// <summary>One row per line.</summary>
    /// <param name="state">The kernel's addresses.</param>
    /// <param name="symbols">Names of the run.</param>
    public static IReadOnlyList<VmallocInfoRow> Rows(VmallocState state, SymbolTable symbols)
    {
        var rows = new List<VmallocInfoRow>();
        for (int node = state.Busy.First(); node != 0; node = state.Busy.Next(node))
        {
            VmStruct area = state.Area(state.Busy.Tag(node));
            rows.Add(new VmallocInfoRow(
                Hex(state, state.Busy.Start(node)), Hex(state, state.Busy.End(node)), area.Pages << 12, symbols[area.Caller], area.OwnPages,
                [.. Names(area.Flags)], state.Layout.IsVmalloc((ulong)area.ArrayAddress)));
        }
        // The kernel writes them behind the last area, so not without one.
        for (int node = rows.Count == 0 ? 0 : state.Lazy.First(); node != 0; node = state.Lazy.Next(node))
        {
            ulong start = state.Lazy.Start(node), end = state.Lazy.End(node);
            rows.Add(new VmallocInfoRow(Hex(state, start), Hex(state, end), (long)(end - start), null, 0, ["unpurged"], false));
        }
        return rows;
    }

    /// <summary>The kernel's layout, with addresses as a kernel booted with <c>no_hash_pointers</c> shows them.</summary>
    public static string Render(VmallocState state, SymbolTable symbols)
    {
        var text = new StringBuilder();
        foreach (VmallocInfoRow row in Rows(state, symbols))
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Start}-{row.End} {row.Size,7}");
            if (row.Caller is null)
            {
                text.Append(" unpurged vm_area\n");
                continue;
            }
            text.Append(CultureInfo.InvariantCulture, $" {row.Caller}");
            text.Append(row.Pages > 0 ? string.Create(CultureInfo.InvariantCulture, $" pages={row.Pages}") : "");
            foreach (string flag in row.Flags)
            {
                text.Append(' ').Append(flag);
            }
            text.Append(row.Vpages ? " vpages" : "");
            // Kernels for several nodes of memory, which 64-bit ones are, tell how many pages are of each; the machine has one.
            text.Append(state.Layout.IsLong && row.Pages > 0 ? string.Create(CultureInfo.InvariantCulture, $" N0={row.Pages}") : "");
            text.Append('\n');
        }
        return text.ToString();
    }

    private static readonly (VmStructFlags Flag, string Name)[] FlagNames =
    [
        (VmStructFlags.IoRemap, "ioremap"),
        (VmStructFlags.Alloc, "vmalloc"),
        (VmStructFlags.Map, "vmap"),
        (VmStructFlags.UserMap, "user"),
        (VmStructFlags.DmaCoherent, "dma-coherent"),
    ];

    private static IEnumerable<string> Names(VmStructFlags flags) => FlagNames.Where(f => (flags & f.Flag) != 0).Select(f => f.Name);

    private static string Hex(VmallocState state, ulong address) =>
        "0x" + address.ToString(state.Layout.IsLong ? "x16" : "x8", CultureInfo.InvariantCulture);
}
