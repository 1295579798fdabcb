using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>One range of the kernel's half of all address spaces.</summary>
/// <param name="Name">What is there.</param>
/// <param name="Start">First address.</param>
/// <param name="End">Behind the last address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="UsedPages">Pages mapped there at the moment; null where everything always is.</param>
public sealed record KernelLayoutRow(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("size")] ulong Size,
    [property: JsonPropertyName("used_pages")] long? UsedPages);

/// <summary>
/// The lines <c>virtual kernel memory layout</c> that 32-bit kernels up to 5.7 wrote at boot (<c>mem_init</c>,
/// arch/x86/mm/init_32.c), highest first, with what is mapped at the moment.
/// </summary>
public static class KernelLayoutView
{
    /// <summary>One row per range.</summary>
    public static IReadOnlyList<KernelLayoutRow> Rows(MachineState state)
    {
        KernelLayout layout = state.Virtual.Spaces.Kernel;
        long lowmem = Math.Min(state.Memory.Pages.Profile.DirectMapEndPfn, state.Memory.Pages.Frames.Count);
        var rows = new List<KernelLayoutRow>();
        void Add(string name, ulong start, ulong end, long? used) =>
            rows.Add(new KernelLayoutRow(name, Hex(layout, start), Hex(layout, end), end - start, used));
        var highmem = state.Virtual.Highmem;
        if (!layout.IsLong)
        {
            Add("fixmap", KernelLayout.FixmapAddress(highmem.FixedAddresses - 1), KernelLayout.FixaddrTop,
                Enumerable.Range(0, highmem.FixedAddresses).LongCount(i => highmem.Fixed(i) >= 0));
            Add("pkmap", layout.PkmapBase, layout.PkmapAddress(layout.PkmapSlots),
                Enumerable.Range(0, layout.PkmapSlots).LongCount(i => highmem.Count(i) > 0));
        }
        Add("vmalloc", layout.VmallocStart, layout.VmallocEnd, state.Virtual.Vmalloc.Pages);
        Add("lowmem", layout.PageOffset, layout.VirtualOf(lowmem), null);
        return rows;
    }

    /// <summary>The old kernels' layout, with the pages mapped behind it.</summary>
    public static string Render(MachineState state)
    {
        var text = new StringBuilder("virtual kernel memory layout:\n");
        foreach (KernelLayoutRow row in Rows(state))
        {
            string size = row.Size >= 1 << 20 ? string.Create(CultureInfo.InvariantCulture, $"{row.Size >> 20,4} MB") : string.Create(CultureInfo.InvariantCulture, $"{row.Size >> 10,4} kB");
            text.Append(CultureInfo.InvariantCulture, $"    {row.Name,-7} : {row.Start} - {row.End}   ({size})");
            text.Append(row.UsedPages is { } used ? string.Create(CultureInfo.InvariantCulture, $"   {used} pages mapped\n") : "\n");
        }
        return text.ToString();
    }

    private static string Hex(KernelLayout layout, ulong address) =>
        "0x" + address.ToString(layout.IsLong ? "x16" : "x8", CultureInfo.InvariantCulture);
}
