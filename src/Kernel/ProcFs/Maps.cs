using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>One line of <c>/proc/PID/maps</c>.</summary>
/// <param name="Start">First address, hexadecimal.</param>
/// <param name="End">Behind the last address, hexadecimal.</param>
/// <param name="Perms">Permissions and p for private or s for shared.</param>
/// <param name="Offset">Offset in the file in bytes, hexadecimal.</param>
/// <param name="Device">Device of the file.</param>
/// <param name="Inode">Number of the file on it.</param>
/// <param name="Pathname">Name of the file, or what the kernel calls the area; empty for other anonymous memory.</param>
public sealed record MapsRow(
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("perms")] string Perms,
    [property: JsonPropertyName("offset")] string Offset,
    [property: JsonPropertyName("dev")] string Device,
    [property: JsonPropertyName("inode")] long Inode,
    [property: JsonPropertyName("pathname")] string Pathname);

/// <summary>
/// <c>/proc/PID/maps</c>: the areas of a process (fs/proc/task_mmu.c, <c>show_map_vma</c>). Files lie on one simulated device,
/// 08:01, and have their symbol's number as inode; anonymous shared memory lies on 00:01, as tmpfs does.
/// </summary>
public static class Maps
{
    /// <summary>One row per area, in address order.</summary>
    /// <param name="spaces">The state.</param>
    /// <param name="pid">The process.</param>
    /// <param name="symbols">Names of files.</param>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static IReadOnlyList<MapsRow> Rows(AddressSpaces spaces, int pid, SymbolTable symbols)
    {
        AddressSpace mm = spaces[pid];
        return [.. AreasOf(spaces, pid).Select(area => RowOf(in area, mm, symbols))];
    }

    /// <summary>The areas of a process in address order: the kernel's list <c>vm_next</c>.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    internal static IEnumerable<VmArea> AreasOf(AddressSpaces spaces, int pid)
    {
        AreaIndex areas = spaces[pid].Areas;
        for (AreaCursor at = AreaIndex.First; areas.IsValid(at); at = areas.Next(at))
        {
            yield return spaces.Areas[areas.Handle(at)];
        }
    }

    /// <summary>Where names start: behind a width that depends on the size of a pointer (<c>seq_setwidth</c>).</summary>
    internal static int NameColumn(AddressSpaces spaces) => 25 + (spaces.Layout.LongMode ? 8 : 4) * 6;

    /// <summary>The kernel's layout.</summary>
    public static string Render(AddressSpaces spaces, int pid, SymbolTable symbols)
    {
        int nameColumn = NameColumn(spaces);
        var text = new StringBuilder();
        foreach (MapsRow row in Rows(spaces, pid, symbols))
        {
            int line = text.Length;
            text.Append(CultureInfo.InvariantCulture,
                $"{row.Start[2..].PadLeft(8, '0')}-{row.End[2..].PadLeft(8, '0')} {row.Perms} {row.Offset[2..].PadLeft(8, '0')} {row.Device} {row.Inode} ");
            if (row.Pathname.Length > 0)
            {
                text.Append(' ', Math.Max(0, nameColumn - (text.Length - line))).Append(row.Pathname);
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>What the kernel calls an area: its file, or heap or stack; empty for other anonymous memory.</summary>
    public static string NameOf(in VmArea area, AddressSpace mm, SymbolTable symbols) =>
        area.VmFile > 0 ? ShownAs(symbols[area.VmFile])
        : area.VmFile < 0 ? "/dev/zero (deleted)"
        : area.VmStart <= mm.Brk && area.VmEnd >= mm.StartBrk ? "[heap]"
        : area.VmStart <= mm.StartStack && area.VmEnd >= mm.StartStack ? "[stack]"
        : "";

    /// <summary>An address as rows have it.</summary>
    internal static string Hex(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static string ShownAs(string file) => file == ProgramAbi.CompatVdsoName ? "[vdso]" : file;

    private static MapsRow RowOf(in VmArea area, AddressSpace mm, SymbolTable symbols)
    {
        VmFlags flags = area.VmFlags;
        string perms = string.Create(CultureInfo.InvariantCulture,
            $"{((flags & VmFlags.Read) != 0 ? 'r' : '-')}{((flags & VmFlags.Write) != 0 ? 'w' : '-')}{((flags & VmFlags.Exec) != 0 ? 'x' : '-')}{((flags & VmFlags.MayShare) != 0 ? 's' : 'p')}");
        ulong offset = area.VmFile == 0 ? 0 : (ulong)area.VmPgoff << 12;
        string name = NameOf(in area, mm, symbols);
        // Pages of the kernel's own, such as the vdso, are no file's.
        bool isFile = area.VmFile < 0 || (area.VmFile > 0 && name[0] != '[');
        string device = !isFile ? "00:00" : area.VmFile > 0 ? "08:01" : "00:01";
        return new MapsRow(Hex(area.VmStart), Hex(area.VmEnd), perms, Hex(offset), device, isFile ? Math.Abs((long)area.VmFile) : 0, name);
    }
}
