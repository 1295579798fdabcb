using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Host.Parity.Calls;

/// <summary>Reads a simulated process's memory as the recorder read a real one's, from maps, smaps, pagemap and status.</summary>
/// <param name="machine">The machine.</param>
/// <param name="hidden">Starts of the areas that recordings list once and leave out later.</param>
/// <param name="programData">Start of the program's data: an area of its file below is taken for its text and left out too, wherever it came from.</param>
internal sealed class StateReading(CallMachine machine, HashSet<ulong> hidden, ulong programData)
{
    /// <summary>The program's own file in recordings.</summary>
    public const string Program = "target";

    // Of longer areas recordings have the first pages only.
    private const long MostPages = 16384;

    private static readonly (VmFlags Flag, string Name)[] _names =
    [
        (VmFlags.MayRead, "mr"), (VmFlags.MayWrite, "mw"), (VmFlags.MayExec, "me"), (VmFlags.MayShare, "ms"), (VmFlags.GrowsDown, "gd"),
        (VmFlags.PfnMap, "pf"), (VmFlags.Locked, "lo"), (VmFlags.Io, "io"), (VmFlags.SequentialRead, "sr"), (VmFlags.RandomRead, "rr"),
        (VmFlags.DontCopy, "dc"), (VmFlags.DontExpand, "de"), (VmFlags.LockOnFault, "??"), (VmFlags.Account, "ac"),
        (VmFlags.NoReserve, "nr"), (VmFlags.WipeOnFork, "wf"), (VmFlags.DontDump, "dd"), (VmFlags.HugePage, "hg"),
        (VmFlags.NoHugePage, "nh"),
    ];

    private readonly Dictionary<int, int> _shared = [];
    private readonly PageRuns _runs = new();
    private long _anon, _file, _shmem;

    /// <summary>The state of a process.</summary>
    public RecordedState Read(int pid)
    {
        AddressSpaces spaces = machine.Spaces;
        AddressSpace mm = spaces[pid];
        (_anon, _file, _shmem) = (0, 0, 0);
        var areas = new List<RecordedArea>();
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            string id = Name(in area, mm), pages = Pages(in area, mm);
            if (!hidden.Contains(area.VmStart) && (id != Program || area.VmStart >= programData))
            {
                areas.Add(new RecordedArea(
                    area.VmStart, area.VmEnd, Perms(area.VmFlags), area.VmFile == 0 ? 0 : (ulong)area.VmPgoff << 12, id, Flags(area.VmFlags), pages));
            }
        }
        return new RecordedState(
            areas, _anon, _file, _shmem, PageTableAccounting.ChargedPages(spaces, mm), mm.LockedVm, mm.DataVm);
    }

    private string Name(in VmArea area, AddressSpace mm)
    {
        if (area.VmFile < 0)
        {
            if (!_shared.TryGetValue(area.VmFile, out int number))
            {
                number = _shared.Count;
                _shared.Add(area.VmFile, number);
            }
            return $"shm{number}";
        }
        return area.VmFile > 0 ? machine.NameOf(area.VmFile)
            : IsHeap(in area, mm) ? "heap"
            : area.VmStart <= mm.StartStack && area.VmEnd >= mm.StartStack ? "stack"
            : "anon";
    }

    private bool IsHeap(in VmArea area, AddressSpace mm) => machine.Spaces.Layout.Rules.HeapNameNeedsOverlap
        ? area.VmStart < mm.Brk && area.VmEnd > mm.StartBrk
        : area.VmStart <= mm.Brk && area.VmEnd >= mm.StartBrk;

    private string Pages(in VmArea area, AddressSpace mm)
    {
        AddressSpaces spaces = machine.Spaces;
        PageTables tables = spaces.Tables;
        FrameTable frames = machine.State.Memory.Pages.Frames;
        ulong end = area.VmStart + ((ulong)Math.Min(area.Pages, MostPages) << 12);
        for (ulong at = area.VmStart; at < end;)
        {
            long table = tables.FindLeafTable(mm.Root, at, out int missing);
            ulong next = Math.Min(end, tables.SpanEnd(at, table >= 0 ? 1 : missing + 1));
            if (table < 0)
            {
                _runs.Add('.', (long)((next - at) >> 12));
                at = next;
                continue;
            }
            for (; at < next; at += 4096)
            {
                ulong entry = tables.Read(table, at);
                long pfn = tables.Mode.PfnOf(entry);
                _runs.Add(entry == 0 ? '.' : pfn == spaces.ZeroPfn ? 'Z' : KindOf(in frames[pfn], area.VmFile), 1);
            }
        }
        return _runs.Finish();
    }

    private char KindOf(in Frame frame, int file)
    {
        bool alone = frame.MapCount == 1;
        if (frame.Use == FrameUse.Anon)
        {
            _anon++;
            return alone ? 'A' : 'a';
        }
        if (file < 0)
        {
            _shmem++;
            return alone ? 'S' : 's';
        }
        _file++;
        return alone ? 'F' : 'f';
    }

    private static string Perms(VmFlags flags) => string.Concat(
        (flags & VmFlags.Read) != 0 ? 'r' : '-', (flags & VmFlags.Write) != 0 ? 'w' : '-', (flags & VmFlags.Exec) != 0 ? 'x' : '-',
        (flags & VmFlags.MayShare) != 0 ? 's' : 'p');

    private static string Flags(VmFlags flags) => string.Join(' ', _names.Where(n => (flags & n.Flag) != 0).Select(n => n.Name));
}
