using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>A page-table entry that maps a frame.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Address">Virtual address of the page, hexadecimal.</param>
public sealed record MapperRow([property: JsonPropertyName("pid")] int Pid, [property: JsonPropertyName("address")] string Address);

/// <summary>A frame with what only its <c>struct page</c> and the reverse map know.</summary>
/// <param name="Frame">Zone, block, owner and use.</param>
/// <param name="Flags">Flags, by the names of <c>/proc/kpageflags</c>.</param>
/// <param name="RefCount">References (<c>page_count</c>): of page tables, the page cache, the swap cache and batches; 1 of any other user.</param>
/// <param name="Lru">The list its <c>lru</c> links it into: an LRU list, a free list, or none.</param>
/// <param name="Mapping">The file or shared memory it holds a page of; empty for none.</param>
/// <param name="MappedBy">All entries that map it (mm/rmap.c), by pid and address.</param>
public sealed record StructPageRow(
    [property: JsonIgnore] FrameRow Frame,
    [property: JsonPropertyName("flags"), JsonPropertyOrder(1)] string[] Flags,
    [property: JsonPropertyName("refcount"), JsonPropertyOrder(1)] int RefCount,
    [property: JsonPropertyName("lru"), JsonPropertyOrder(1)] string Lru,
    [property: JsonPropertyName("mapping"), JsonPropertyOrder(1)] string Mapping,
    [property: JsonPropertyName("mappedBy"), JsonPropertyOrder(1)] MapperRow[] MappedBy) : FrameRow(Frame);

/// <summary>All that the kernel knows of a page frame at a moment: its <c>struct page</c> (include/linux/mm_types.h), and who maps it.</summary>
public static class StructPage
{
    /// <summary>The frame's row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame number.</exception>
    public static StructPageRow Row(MachineState machine, long pfn, Engine.Events.SymbolTable symbols)
    {
        PageAllocatorState pages = machine.Memory.Pages;
        ReverseMap rmap = machine.Virtual.Spaces.ReverseMap;
        long head = FrameView.Head(pages.Frames, pfn);
        Frame frame = pages.Frames[head];
        return new StructPageRow(
            FrameView.Row(pages, pfn), [.. PageFlagNames.Of(pages.Frames, pfn, head)], RefCount(in frame, machine.Memory.Reclaim is not null),
            ListOf(in frame), rmap.Mapping(pfn) switch { 0 => "", < 0 => "/dev/zero", int file => symbols[file] },
            [.. Mappers(rmap, head).OrderBy(m => m.Pid).ThenBy(m => m.Vpn).Select(m => new MapperRow(m.Pid, Maps.Hex((ulong)m.Vpn << 12)))]);
    }

    /// <summary>The row as lines of name and value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame number.</exception>
    public static string Render(MachineState machine, long pfn, Engine.Events.SymbolTable symbols)
    {
        StructPageRow row = Row(machine, pfn, symbols);
        var text = new StringBuilder(FrameView.Render(machine.Memory.Pages, pfn));
        if (row.Zone.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"refcount       {row.RefCount}\n");
            text.Append(CultureInfo.InvariantCulture, $"flags          {string.Join(',', row.Flags)}\n");
            text.Append(CultureInfo.InvariantCulture, $"lru            {row.Lru}\n");
            text.Append(CultureInfo.InvariantCulture, $"mapping        {row.Mapping}\n");
            foreach (MapperRow mapper in row.MappedBy)
            {
                text.Append(CultureInfo.InvariantCulture, $"mapped by      pid {mapper.Pid} at {mapper.Address}\n");
            }
        }
        return text.ToString();
    }

    private static IEnumerable<(int Pid, long Vpn)> Mappers(ReverseMap rmap, long pfn)
    {
        for (int entry = rmap.First(pfn); entry != 0; entry = rmap.Next(entry))
        {
            yield return rmap[entry];
        }
    }

    private static int RefCount(in Frame frame, bool hasLists)
    {
        if (frame.State != FrameState.Allocated)
        {
            return frame.State == FrameState.Reserved ? 1 : 0;
        }
        if (frame.Use is not (FrameUse.Anon or FrameUse.File or FrameUse.Shmem))
        {
            return 1;
        }
        // A page that is on no list is in a CPU's batch or was isolated, which holds a reference.
        return frame.MapCount + (frame.Use is FrameUse.File or FrameUse.Shmem ? 1 : 0) + (frame.Has(PageFlags.SwapCache) ? 1 : 0)
            + (hasLists && !frame.Has(PageFlags.Lru) ? 1 : 0);
    }

    private static string ListOf(in Frame frame) => frame.State switch
    {
        FrameState.Buddy => $"free_area[{frame.Order}].free_list[{MigrateTypes.Name(frame.MigrateType)}]",
        FrameState.Pcp => $"pcp.lists[{MigrateTypes.Name(frame.MigrateType)}]",
        FrameState.Allocated when frame.Generation > 0 => $"lrugen.folios[{frame.Generation - 1}][{(LruLists.IsSwapBacked(in frame) ? "anon" : "file")}]",
        FrameState.Allocated when frame.Has(PageFlags.Lru) => LruLists.Of(in frame) switch
        {
            LruList.InactiveAnon => "inactive_anon",
            LruList.ActiveAnon => "active_anon",
            LruList.InactiveFile => "inactive_file",
            LruList.ActiveFile => "active_file",
            _ => "unevictable",
        },
        _ => "none",
    };
}
