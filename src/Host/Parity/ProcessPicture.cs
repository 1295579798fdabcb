using System.Globalization;
using System.Text;
using Sim.Engine.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Host.Parity;

/// <summary>An area as recordings have it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Behind the last.</param>
/// <param name="Perms">As in <c>/proc/PID/maps</c>.</param>
/// <param name="Offset">Offset in the file, in bytes.</param>
/// <param name="Id">Name of what is behind it.</param>
/// <param name="Flags">VmFlags of <c>/proc/PID/smaps</c>, the rights left out.</param>
/// <param name="Pages">Runs of page states.</param>
internal readonly record struct AreaPicture(ulong Start, ulong End, string Perms, ulong Offset, string Id, string Flags, string Pages)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start:x}-{End:x} {Perms} {Offset:x} {Id} [{Flags}] {Pages}");
}

/// <summary>
/// A process's areas and pages as the recorder of the goldens reads them out of <c>/proc/PID/smaps</c> and <c>pagemap</c>.
/// </summary>
internal static class ProcessPicture
{
    private const long MaxPages = 16_384;

    // Bit by bit, in the order in which the kernel prints them (show_smap_vma_flags, fs/proc/task_mmu.c).
    private static readonly (int Bit, string Name)[] _names =
    [
        (4, "mr"), (5, "mw"), (6, "me"), (7, "ms"), (8, "gd"), (10, "pf"), (13, "lo"), (14, "io"), (15, "sr"), (16, "rr"), (17, "dc"),
        (18, "de"), (19, "??"), (20, "ac"), (21, "nr"), (22, "ht"), (23, "sf"), (25, "wf"), (26, "dd"), (28, "mm"), (29, "hg"), (30, "nh"),
    ];

    /// <summary>All areas, in address order.</summary>
    /// <param name="spaces">The state.</param>
    /// <param name="frames">The machine's frames.</param>
    /// <param name="pid">The process.</param>
    /// <param name="symbols">Names of files.</param>
    /// <param name="idOf">What the recorder calls a name of <c>/proc/PID/maps</c>.</param>
    public static AreaPicture[] Of(AddressSpaces spaces, FrameTable frames, int pid, SymbolTable symbols, Func<string, string> idOf)
    {
        AddressSpace mm = spaces[pid];
        var areas = new List<AreaPicture>(mm.Areas.Count);
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            string name = Maps.NameOf(in area, mm, symbols);
            areas.Add(new AreaPicture(
                area.VmStart, area.VmEnd, PermsOf(area.VmFlags), area.VmFile == 0 ? 0 : (ulong)area.VmPgoff << 12, idOf(name), FlagsOf(area.VmFlags),
                name == "[vvar]" ? "" : PagesOf(spaces, frames, mm, in area)));
        }
        return [.. areas];
    }

    private static string PermsOf(VmFlags flags) => string.Concat(
        (flags & VmFlags.Read) != 0 ? "r" : "-", (flags & VmFlags.Write) != 0 ? "w" : "-", (flags & VmFlags.Exec) != 0 ? "x" : "-",
        (flags & VmFlags.MayShare) != 0 ? "s" : "p");

    private static string FlagsOf(VmFlags flags) => string.Join(' ', _names.Where(n => ((long)flags >> n.Bit & 1) != 0).Select(n => n.Name));

    private static string PagesOf(AddressSpaces spaces, FrameTable frames, AddressSpace mm, in VmArea area)
    {
        var text = new StringBuilder();
        char last = '\0';
        long run = 0, pages = Math.Min(area.Pages, MaxPages);
        for (long i = 0; i <= pages; i++)
        {
            char state = i < pages ? StateOf(spaces, frames, mm, area.VmStart + ((ulong)i << 12), area.VmFile) : '\0';
            if (state == last)
            {
                run++;
                continue;
            }
            if (run > 1)
            {
                text.Append(run.ToString(CultureInfo.InvariantCulture));
            }
            if (run > 0)
            {
                text.Append(last);
            }
            (last, run) = (state, 1);
        }
        return text.ToString();
    }

    private static char StateOf(AddressSpaces spaces, FrameTable frames, AddressSpace mm, ulong address, int file)
    {
        ulong entry = spaces.Tables.ReadPte(mm.Root, address);
        if (entry == 0)
        {
            return '.';
        }
        long pfn = spaces.Tables.Mode.PfnOf(entry);
        if (pfn == spaces.ZeroPfn)
        {
            return 'Z';
        }
        ref readonly Frame frame = ref frames[pfn];
        char state = frame.Use == FrameUse.Anon ? 'A' : file < 0 ? 'S' : 'F';
        return frame.MapCount > 1 ? char.ToLowerInvariant(state) : state;
    }
}
