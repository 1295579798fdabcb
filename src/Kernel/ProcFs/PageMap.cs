using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Hardware.Paging;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>One mapped page of a process.</summary>
/// <param name="Vpn">Virtual page number, hexadecimal.</param>
/// <param name="Present">The hardware may use it; false for a page of an area without any access.</param>
/// <param name="Pfn">Its frame; the slot of the swap area for a page there.</param>
/// <param name="Kind">anon, zero (the shared zero page), file, shmem, or swap.</param>
/// <param name="Write">Writes are allowed without a fault.</param>
/// <param name="Exec">Instruction fetches are allowed.</param>
/// <param name="Young">Accessed since it was mapped (<c>pte_young</c>).</param>
/// <param name="Dirty">Written since it was mapped (<c>pte_dirty</c>).</param>
/// <param name="MapCount">Page-table entries that map the frame; 0 for the zero page, which is not counted.</param>
public sealed record PageMapRow(
    [property: JsonPropertyName("vpn")] string Vpn,
    [property: JsonPropertyName("present")] bool Present,
    [property: JsonPropertyName("pfn")] long Pfn,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("write")] bool Write,
    [property: JsonPropertyName("exec")] bool Exec,
    [property: JsonPropertyName("young")] bool Young,
    [property: JsonPropertyName("dirty")] bool Dirty,
    [property: JsonPropertyName("mapcount")] int MapCount);

/// <summary>
/// What <c>/proc/PID/pagemap</c> tells, for the pages that have an entry; all others of the areas have no frame.
/// </summary>
public static class PageMap
{
    /// <summary>One row per mapped page, in address order.</summary>
    /// <param name="spaces">The state.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="pid">The process.</param>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static IEnumerable<PageMapRow> Rows(AddressSpaces spaces, FrameTable frames, int pid)
    {
        AddressSpace mm = spaces[pid];
        return Walk(spaces, frames, mm);
    }

    /// <summary>One line per mapped page.</summary>
    public static string Render(AddressSpaces spaces, FrameTable frames, int pid)
    {
        var text = new StringBuilder("vpn           pfn/slot   kind   flags  mapcount\n");
        foreach (PageMapRow row in Rows(spaces, frames, pid))
        {
            string flags = string.Concat(
                row.Present ? 'P' : '-', row.Write ? 'W' : '-', row.Exec ? 'X' : '-', row.Young ? 'A' : '-', row.Dirty ? 'D' : '-');
            text.Append(CultureInfo.InvariantCulture, $"{row.Vpn,-13} 0x{row.Pfn,-8:x} {row.Kind,-6} {flags}  {row.MapCount}\n");
        }
        return text.ToString();
    }

    private static IEnumerable<PageMapRow> Walk(AddressSpaces spaces, FrameTable frames, AddressSpace mm)
    {
        foreach (VmArea area in Maps.AreasOf(spaces, mm.Pid))
        {
            foreach ((ulong address, ulong entry, _) in PageWalk.Entries(spaces.Tables, mm.Root, area.VmStart, area.VmEnd))
            {
                yield return RowOf(spaces, frames, in area, address, entry);
            }
        }
    }

    private static PageMapRow RowOf(AddressSpaces spaces, FrameTable frames, in VmArea area, ulong address, ulong entry)
    {
        PagingMode mode = spaces.Tables.Mode;
        if (SwapFormat.IsSlot(entry))
        {
            return new PageMapRow(Maps.Hex(address >> 12), false, SwapFormat.SlotOf(mode, entry), "swap", false, false, false, false, 0);
        }
        long pfn = mode.PfnOf(entry);
        PteFlags flags = mode.FlagsOf(entry);
        bool present = (flags & PteFlags.Present) != 0;
        long head = FrameView.Head(frames, pfn);
        bool zero = pfn == spaces.ZeroPfn || head == spaces.HugeZeroPfn;
        string kind = zero ? "zero"
            : frames[head].Use == FrameUse.Anon ? "anon"
            : area.VmFile < 0 ? "shmem" : "file";
        return new PageMapRow(
            Maps.Hex(address >> 12), present, pfn, kind, present && (flags & PteFlags.Write) != 0,
            present && (flags & PteFlags.NoExecute) == 0, (flags & PteFlags.Accessed) != 0, (flags & PteFlags.Dirty) != 0,
            zero ? 0 : spaces.Blocks.MapCount(pfn));
    }
}
