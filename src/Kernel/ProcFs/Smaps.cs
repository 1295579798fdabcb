using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>An area of <c>/proc/PID/smaps</c>; sizes in KiB.</summary>
public sealed record SmapsRow : SmapsFigures
{
    internal SmapsRow(SmapsSizes sizes, MapsRow map, in VmArea area, bool thpEligible, string vmFlags)
        : base(sizes)
    {
        (Start, End, Perms, Offset, Device, Inode, Pathname) = (map.Start, map.End, map.Perms, map.Offset, map.Device, map.Inode, map.Pathname);
        Size = area.Pages << 2;
        ThpEligible = thpEligible ? 1 : 0;
        VmFlags = vmFlags;
    }

    /// <summary>First address.</summary>
    [JsonPropertyName("start")]
    public string Start { get; }

    /// <summary>Behind the last address.</summary>
    [JsonPropertyName("end")]
    public string End { get; }

    /// <summary>Permissions, and private or shared.</summary>
    [JsonPropertyName("perms")]
    public string Perms { get; }

    /// <summary>Offset in the file, in bytes.</summary>
    [JsonPropertyName("offset")]
    public string Offset { get; }

    /// <summary>Device of the file.</summary>
    [JsonPropertyName("dev")]
    public string Device { get; }

    /// <summary>Number of the file.</summary>
    [JsonPropertyName("inode")]
    public long Inode { get; }

    /// <summary>The file, or what the area is.</summary>
    [JsonPropertyName("pathname")]
    public string Pathname { get; }

    /// <summary>Length.</summary>
    [JsonPropertyName("Size")]
    public long Size { get; }

    /// <summary>Page size that the kernel has for the area; hugetlbfs is never mapped.</summary>
    [JsonPropertyName("KernelPageSize")]
    public int KernelPageSize => 4;

    /// <summary>Page size that the MMU has for it.</summary>
    [JsonPropertyName("MMUPageSize")]
    public int MmuPageSize => 4;

    /// <summary>1 when it could hold a huge page.</summary>
    [JsonPropertyName("THPeligible"), JsonPropertyOrder(4)]
    public int ThpEligible { get; }

    /// <summary>The kernel's mnemonics of the area's flags.</summary>
    [JsonPropertyName("VmFlags"), JsonPropertyOrder(4)]
    public string VmFlags { get; }
}

/// <summary><c>/proc/PID/smaps</c>: what each area's pages are (<c>show_smap</c>, fs/proc/task_mmu.c, Linux 6.1).</summary>
public static class Smaps
{
    // The kernel's mnemonics, by rising bit (show_smap_vma_flags).
    private static readonly (VmFlags Flag, string Mnemonic)[] _mnemonics =
    [
        (Mm.VmFlags.Read, "rd"), (Mm.VmFlags.Write, "wr"), (Mm.VmFlags.Exec, "ex"), (Mm.VmFlags.Shared, "sh"), (Mm.VmFlags.MayRead, "mr"),
        (Mm.VmFlags.MayWrite, "mw"), (Mm.VmFlags.MayExec, "me"), (Mm.VmFlags.MayShare, "ms"), (Mm.VmFlags.GrowsDown, "gd"),
        (Mm.VmFlags.PfnMap, "pf"), (Mm.VmFlags.Locked, "lo"), (Mm.VmFlags.Io, "io"), (Mm.VmFlags.SequentialRead, "sr"),
        (Mm.VmFlags.RandomRead, "rr"), (Mm.VmFlags.DontCopy, "dc"), (Mm.VmFlags.DontExpand, "de"), (Mm.VmFlags.LockOnFault, "??"),
        (Mm.VmFlags.Account, "ac"), (Mm.VmFlags.NoReserve, "nr"), (Mm.VmFlags.WipeOnFork, "wf"), (Mm.VmFlags.DontDump, "dd"),
        (Mm.VmFlags.HugePage, "hg"), (Mm.VmFlags.NoHugePage, "nh"),
    ];

    /// <summary>One row per area, in address order.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static IEnumerable<SmapsRow> Rows(MachineState machine, int pid, SymbolTable symbols)
    {
        AddressSpaces spaces = machine.Virtual.Spaces;
        IReadOnlyList<MapsRow> maps = Maps.Rows(spaces, pid, symbols);
        return Maps.AreasOf(spaces, pid).Zip(maps, (area, map) => Row(machine, in area, map));
    }

    /// <summary>The kernel's layout.</summary>
    public static string Render(MachineState machine, int pid, SymbolTable symbols)
    {
        var text = new StringBuilder();
        string[] heads = Maps.Render(machine.Virtual.Spaces, pid, symbols).Split('\n');
        int area = 0;
        foreach (SmapsRow row in Rows(machine, pid, symbols))
        {
            text.Append(heads[area++]).Append('\n');
            SmapsFigures.Append(text, ("Size", row.Size), ("KernelPageSize", row.KernelPageSize), ("MMUPageSize", row.MmuPageSize));
            row.AppendTo(text);
            text.Append(CultureInfo.InvariantCulture, $"THPeligible:    {row.ThpEligible}\nVmFlags: {row.VmFlags} \n");
        }
        return text.ToString();
    }

    private static SmapsRow Row(MachineState machine, in VmArea area, MapsRow map)
    {
        var sizes = new SmapsSizes();
        sizes.Add(machine.Virtual.Spaces, machine.Memory.Pages.Frames, machine.Memory.Reclaim, in area);
        VmFlags flags = area.VmFlags;
        return new SmapsRow(
            sizes, map, in area, IsThpEligible(machine, in area), string.Join(' ', _mnemonics.Where(m => (flags & m.Flag) != 0).Select(m => m.Mnemonic)));
    }

    /// <summary>Whether an anonymous area could hold a huge page (<c>hugepage_vma_check</c> as smaps calls it).</summary>
    private static bool IsThpEligible(MachineState machine, in VmArea area)
    {
        TransparentHugePages mode = machine.Options.Kernel.TransparentHugePages;
        if (area.VmFile != 0 || (area.VmFlags & VmFlags.NoHugePage) != 0 || machine.Virtual.Spaces.Tables.Mode.EntryBytes != 8
            || mode == TransparentHugePages.Never || (mode == TransparentHugePages.Madvise && (area.VmFlags & VmFlags.HugePage) == 0))
        {
            return false;
        }
        ulong bytes = (ulong)machine.Virtual.Spaces.Tables.Mode.PagesPerLargePage << 12, block = (area.VmEnd - bytes) & ~(bytes - 1);
        return area.VmEnd >= bytes && block >= area.VmStart && block + bytes <= area.VmEnd;
    }
}
