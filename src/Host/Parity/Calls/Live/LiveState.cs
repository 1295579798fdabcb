using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>Reads a real process's memory from <c>/proc</c> (smaps, pagemap, status, stat), in the form of a recording.</summary>
internal sealed unsafe class LiveState
{
    // Of longer areas the first pages only.
    private const int MostPages = 16384;
    private const ulong Present = 1UL << 63, Swapped = 1UL << 62, OfFile = 1UL << 61, Exclusive = 1UL << 56, ZeroPage = 1 << 5;

    private readonly Dictionary<string, string> _files;
    private readonly Dictionary<string, int> _shared = new(StringComparer.Ordinal);
    private readonly byte[] _text = new byte[1 << 20];
    private readonly ulong[] _entries = new ulong[MostPages];
    private readonly Libc.ScannedRegion[] _regions = new Libc.ScannedRegion[MostPages];
    private readonly bool[] _zero = new bool[MostPages];
    private readonly PageRuns _runs = new();
    private long _anon, _file, _shmem;

    /// <param name="files">What the recording calls files, by their paths.</param>
    public LiveState(Dictionary<string, string> files) => _files = files;

    /// <summary>The state of a process with its fixed areas, and its faults so far.</summary>
    public RecordedState Read(int pid, out long minorFaults, out long majorFaults)
    {
        string stat = Text($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        (minorFaults, majorFaults) = (Number(fields[7]), Number(fields[9]));
        string status = Text($"/proc/{pid}/status");
        List<RecordedArea> areas = Areas(Text($"/proc/{pid}/smaps"));
        (_anon, _file, _shmem) = (0, 0, 0);
        using SafeFileHandle pagemap = File.OpenHandle($"/proc/{pid}/pagemap");
        for (int i = 0; i < areas.Count; i++)
        {
            areas[i] = areas[i] with { Pages = Pages(pagemap, areas[i]) };
        }
        return new RecordedState(areas, _anon, _file, _shmem, KiB(status, "VmPTE:") / 4, KiB(status, "VmLck:") / 4, KiB(status, "VmData:") / 4);
    }

    /// <summary>True for what the kernel maps by itself, and the program's text: no call changes it.</summary>
    public static bool IsFixed(RecordedArea area) =>
        area.Id is "vdso" or "vvar" or "vvar_vclock" || (area.Id == StateReading.Program && area.Start < TracedProgram.Data);

    private List<RecordedArea> Areas(string smaps)
    {
        var areas = new List<RecordedArea>();
        foreach (ReadOnlySpan<char> line in smaps.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("VmFlags:"))
            {
                string flags = string.Join(' ', line[8..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Where(f => f is not ("rd" or "wr" or "ex" or "sh" or "sd")).Select(f => f == "lf" ? "??" : f));
                areas[^1] = areas[^1] with { Flags = flags };
            }
            else if (!line.IsEmpty && !char.IsAsciiLetterUpper(line[0]))
            {
                string[] parts = line.ToString().Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
                string[] range = parts[0].Split('-');
                if (parts[^1] == "[vsyscall]")
                {
                    // Beyond user space, and the last.
                    break;
                }
                areas.Add(new RecordedArea(
                    Hex(range[0]), Hex(range[1]), parts[1], Hex(parts[2]), Name(parts.Length > 5 ? parts[5] : "", parts[4]), "", ""));
            }
        }
        return areas;
    }

    private string Name(string name, string inode)
    {
        if (name.Length == 0)
        {
            return "anon";
        }
        if (name == "/dev/zero (deleted)")
        {
            if (!_shared.TryGetValue(inode, out int number))
            {
                number = _shared.Count;
                _shared.Add(inode, number);
            }
            return $"shm{number}";
        }
        return name[0] == '[' ? name[1..^1] : _files.GetValueOrDefault(name, name);
    }

    private string Pages(SafeFileHandle pagemap, RecordedArea area)
    {
        if (area.Id is "vvar" or "vvar_vclock")
        {
            return "";
        }
        int pages = (int)Math.Min((area.End - area.Start) >> 12, MostPages);
        Span<ulong> entries = _entries.AsSpan(0, pages);
        int got = RandomAccess.Read(pagemap, System.Runtime.InteropServices.MemoryMarshal.AsBytes(entries), (long)(area.Start >> 12) * 8);
        if (got != pages * 8)
        {
            throw new LiveKernelException($"/proc/PID/pagemap gives {got} bytes for {pages} pages at 0x{area.Start:x}.");
        }
        bool asked = false;
        for (int i = 0; i < pages; i++)
        {
            ulong entry = entries[i];
            bool unclear = (entry & (Present | OfFile | Exclusive)) == Present;
            if (unclear && !asked)
            {
                FindZeroPages(pagemap, area.Start, pages);
                asked = true;
            }
            _runs.Add((entry & Present) == 0 ? (entry & Swapped) != 0 ? 'W' : '.' : unclear && _zero[i] ? 'Z' : KindOf(entry, area.Id), 1);
        }
        return _runs.Finish();
    }

    private char KindOf(ulong entry, string id)
    {
        bool alone = (entry & Exclusive) != 0;
        if ((entry & OfFile) == 0)
        {
            _anon++;
            return alone ? 'A' : 'a';
        }
        if (id.StartsWith("shm", StringComparison.Ordinal))
        {
            _shmem++;
            return alone ? 'S' : 's';
        }
        _file++;
        return alone ? 'F' : 'f';
    }

    /// <summary>Which pages are the zero page; pagemap alone tells them from anonymous ones to the privileged only.</summary>
    private void FindZeroPages(SafeFileHandle pagemap, ulong start, int pages)
    {
        _zero.AsSpan(0, pages).Clear();
        fixed (Libc.ScannedRegion* regions = _regions)
        {
            var request = new Libc.ScanRequest
            {
                Size = (ulong)sizeof(Libc.ScanRequest),
                Start = start,
                End = start + ((ulong)pages << 12),
                Regions = (ulong)regions,
                RegionCount = MostPages,
                Mask = ZeroPage,
                Returned = ZeroPage,
            };
            int found = Libc.Ioctl((int)pagemap.DangerousGetHandle(), Libc.PagemapScan, &request);
            if (found < 0)
            {
                throw new LiveKernelException($"PAGEMAP_SCAN: {System.Runtime.InteropServices.Marshal.GetLastPInvokeErrorMessage()}. Linux 6.7 or later has it.");
            }
            for (int i = 0; i < found; i++)
            {
                _zero.AsSpan((int)((_regions[i].Start - start) >> 12), (int)((_regions[i].End - _regions[i].Start) >> 12)).Fill(true);
            }
        }
    }

    private string Text(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        int count = 0, read;
        while ((read = file.Read(_text, count, _text.Length - count)) > 0)
        {
            count += read;
        }
        return Encoding.ASCII.GetString(_text, 0, count);
    }

    private static long KiB(string status, string name)
    {
        int at = status.IndexOf(name, StringComparison.Ordinal) + name.Length;
        return Number(status[at..status.IndexOf("kB", at, StringComparison.Ordinal)].Trim());
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
