using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>An area of <c>/proc/PID/smaps</c>; sizes in KiB.</summary>
<<<<<<< HEAD
public sealed record SmapsRow(
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("perms")] string Perms,
    [property: JsonPropertyName("offset")] string Offset,
    [property: JsonPropertyName("dev")] string Device,
    [property: JsonPropertyName("inode")] long Inode,
    [property: JsonPropertyName("pathname")] string Pathname,
    [property: JsonPropertyName("Size")] long Size,
    [property: JsonPropertyName("KernelPageSize")] int KernelPageSize,
    [property: JsonPropertyName("MMUPageSize")] int MmuPageSize,
    [property: JsonPropertyName("Rss")] long Rss,
    [property: JsonPropertyName("Pss")] long Pss,
    [property: JsonPropertyName("Pss_Dirty")] long PssDirty,
    [property: JsonPropertyName("Shared_Clean")] long SharedClean,
    [property: JsonPropertyName("Shared_Dirty")] long SharedDirty,
    [property: JsonPropertyName("Private_Clean")] long PrivateClean,
    [property: JsonPropertyName("Private_Dirty")] long PrivateDirty,
    [property: JsonPropertyName("Referenced")] long Referenced,
    [property: JsonPropertyName("Anonymous")] long Anonymous,
    [property: JsonPropertyName("LazyFree")] long LazyFree,
    [property: JsonPropertyName("AnonHugePages")] long AnonHugePages,
    [property: JsonPropertyName("Swap")] long Swap,
    [property: JsonPropertyName("SwapPss")] long SwapPss,
    [property: JsonPropertyName("Locked")] long Locked,
    [property: JsonPropertyName("THPeligible")] int ThpEligible,
    [property: JsonPropertyName("VmFlags")] string VmFlags);
=======
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
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)

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
<<<<<<< HEAD
            Append(text, ("Size", row.Size), ("KernelPageSize", row.KernelPageSize), ("MMUPageSize", row.MmuPageSize), ("Rss", row.Rss), ("Pss", row.Pss));
            Append(
                text, ("Pss_Dirty", row.PssDirty), ("Shared_Clean", row.SharedClean), ("Shared_Dirty", row.SharedDirty),
                ("Private_Clean", row.PrivateClean), ("Private_Dirty", row.PrivateDirty), ("Referenced", row.Referenced), ("Anonymous", row.Anonymous),
                ("LazyFree", row.LazyFree), ("AnonHugePages", row.AnonHugePages));
            AppendUnused(text);
            Append(text, ("Swap", row.Swap), ("SwapPss", row.SwapPss), ("Locked", row.Locked));
=======
            SmapsFigures.Append(text, ("Size", row.Size), ("KernelPageSize", row.KernelPageSize), ("MMUPageSize", row.MmuPageSize));
            row.AppendTo(text);
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)
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
<<<<<<< HEAD
            map.Start, map.End, map.Perms, map.Offset, map.Device, map.Inode, map.Pathname, area.Pages << 2, 4, 4,
            sizes.Resident >> 10, sizes.Pss >> 10, sizes.PssDirty >> 10, sizes.SharedClean >> 10, sizes.SharedDirty >> 10, sizes.PrivateClean >> 10,
            sizes.PrivateDirty >> 10, sizes.Referenced >> 10, sizes.Anonymous >> 10, sizes.LazyFree >> 10, sizes.AnonHugePages >> 10, sizes.Swap >> 10,
            sizes.SwapPss >> 10, sizes.Locked >> 10, IsThpEligible(machine, in area) ? 1 : 0, string.Join(' ', _mnemonics.Where(m => (flags & m.Flag) != 0).Select(m => m.Mnemonic)));
=======
            sizes, map, in area, IsThpEligible(machine, in area), string.Join(' ', _mnemonics.Where(m => (flags & m.Flag) != 0).Select(m => m.Mnemonic)));
>>>>>>> 40c7272 (Reading of issue 5: the OOM killer takes the later of equals, executable shared memory ages, MADV_WILLNEED reads from swap, arch_prctl tells bases, smaps counts LazyFree, reports count dirty and locked pages by zone; mremap, smaps and system calls without repetitions)
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
