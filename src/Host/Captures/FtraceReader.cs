using System.Buffers.Text;
using System.Text;
using Sim.Host.Traces;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>
/// Reads the text of ftrace's ring buffer (<c>/sys/kernel/tracing/trace</c>), gzip-compressed or not: the events of the page
/// allocator, of reclaim and of the kprobes that belong to them. Other events are passed over.
/// </summary>
internal sealed class FtraceReader
{
    private const string Remedy = "The file must be the text of /sys/kernel/tracing/trace with the kmem events, unchanged";

    /// <summary>No kernel numbers its migratetypes higher.</summary>
    public const int MaxMigrateType = 15;

    /// <summary>The array of struct page is no longer.</summary>
    private const long MaxApart = 1L << 60;

    private readonly string _path;
    private readonly Dictionary<string, int> _gfpByText = [];
    private readonly List<CaptureEvent> _events = [];
    private readonly List<string> _marks = [];
    private readonly Dictionary<int, string> _tasks = [];
    private (long Page, long Pfn) _first;
    private long _structPageBytes;

    private FtraceReader(string path) => _path = path;

    /// <summary>The events of a file.</summary>
    /// <exception cref="TraceFormatException">It cannot be read as ftrace's text.</exception>
    public static FtraceText Read(string path)
    {
        var reader = new FtraceReader(path);
        using var lines = new TextLines(path);
        long entries = 0, announced = -1;
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (line.Length > 0 && line[0] != (byte)'#')
            {
                entries++;
                reader.Line(line, checked((int)lines.LineNumber));
            }
            else if (announced < 0 && line.IndexOf("entries-in-buffer/entries-written: "u8) is >= 0 and int at)
            {
                _ = Utf8Parser.TryParse(line[(at + "entries-in-buffer/entries-written: ".Length)..], out announced, out _);
            }
        }
        if (reader._events.Count == 0)
        {
            throw TraceFormatException.AtLine(path, 0, "there is no event of the page allocator in it", Remedy);
        }
        return new FtraceText(path, [.. reader._events], reader._marks, reader._tasks) { Entries = entries, Announced = announced };
    }

    private void Line(ReadOnlySpan<byte> line, int number)
    {
        int bracket = Bracket(line);
        if (bracket < 0)
        {
            if (line.IndexOf("LOST"u8) >= 0 && line.IndexOf("EVENTS"u8) >= 0)
            {
                throw TraceFormatException.AtLine(_path, number, "events were lost here", "Record again with a larger ring buffer (trace_buf_size)");
            }
            throw TraceFormatException.AtLine(_path, number, "this is no line of a trace: there is no CPU number in brackets", Remedy);
        }
        int dash = line[..bracket].LastIndexOf((byte)'-');
        int closing = bracket + line[bracket..].IndexOf((byte)']');
        ReadOnlySpan<byte> rest = line[(closing + 1)..].TrimStart((byte)' ');
        int space = rest.IndexOf((byte)' ');
        if (dash < 0 || space < 4
            || !Utf8Parser.TryParse(line[(dash + 1)..], out int pid, out _)
            || !Utf8Parser.TryParse(line[(bracket + 1)..], out int cpu, out _) || cpu > byte.MaxValue)
        {
            throw Bad(number, "the task, the CPU or the flags are missing");
        }
        ReadOnlySpan<byte> flags = rest[..space];
        rest = rest[space..].TrimStart((byte)' ');
        int colon = rest.IndexOf((byte)':');
        if (colon < 0 || !TryTime(rest[..colon], out long timePs))
        {
            throw Bad(number, "the time is missing");
        }
        rest = rest[(colon + 1)..].TrimStart((byte)' ');
        colon = rest.IndexOf((byte)':');
        if (colon < 0)
        {
            return;
        }
        ReadOnlySpan<byte> name = rest[..colon];
        ReadOnlySpan<byte> arguments = rest[(colon + 1)..];
        var e = new CaptureEvent
        {
            TimePs = timePs,
            Line = number,
            Pid = pid,
            Cpu = (byte)cpu,
            MigrateType = byte.MaxValue,
            Context = flags[2] switch
            {
                (byte)'s' => CaptureContext.SoftIrq,
                (byte)'h' or (byte)'H' or (byte)'Z' or (byte)'z' or (byte)'S' => CaptureContext.HardIrq,
                _ => CaptureContext.Task,
            },
            PreemptDepth = flags[3] is >= (byte)'0' and <= (byte)'9' ? (byte)(flags[3] - '0') : (byte)0,
        };
        if (!Fill(ref e, name, arguments, number))
        {
            return;
        }
        if (!_tasks.ContainsKey(pid))
        {
            _tasks[pid] = Encoding.UTF8.GetString(line[..dash].Trim((byte)' '));
        }
        _events.Add(e);
    }

    private bool Fill(ref CaptureEvent e, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments, int line)
    {
        if (name.SequenceEqual("mm_page_free_batched"u8))
        {
            e.Kind = CaptureEventKind.FreeBatched;
            e.Pfn = Pfn(arguments, line);
        }
        else if (name.SequenceEqual("mm_page_pcpu_drain"u8) || name.SequenceEqual("mm_page_alloc_zone_locked"u8) || name.SequenceEqual("mm_page_free"u8))
        {
            e.Kind = name[8] switch
            {
                (byte)'p' => CaptureEventKind.PcpDrain,
                (byte)'a' => CaptureEventKind.ZoneLocked,
                _ => CaptureEventKind.Free,
            };
            e.Pfn = Pfn(arguments, line);
            e.Order = Order(arguments, line);
            e.MigrateType = e.Kind == CaptureEventKind.Free ? byte.MaxValue : MigrateTypeOf(arguments, line);
        }
        else if (name.SequenceEqual("mm_page_alloc"u8))
        {
            e.Kind = CaptureEventKind.Alloc;
            e.Pfn = Pfn(arguments, line);
            e.Order = Order(arguments, line);
            e.MigrateType = MigrateTypeOf(arguments, line);
            e.Gfp = Gfp(arguments, line);
        }
        else if (name.SequenceEqual("tracing_mark_write"u8))
        {
            e.Kind = CaptureEventKind.Mark;
            e.Number = _marks.Count;
            _marks.Add(Encoding.UTF8.GetString(arguments.Trim((byte)' ')));
        }
        else if (name.SequenceEqual("bulk"u8))
        {
            e.Kind = CaptureEventKind.Bulk;
            e.Gfp = unchecked((int)Ranged(arguments, "gfp="u8, 0, uint.MaxValue, line));
            e.Number = (int)Ranged(arguments, "nr="u8, int.MinValue, int.MaxValue, line);
        }
        else if (name.SequenceEqual("bulkret"u8) || name.SequenceEqual("isofreeret"u8))
        {
            e.Kind = name[0] == (byte)'b' ? CaptureEventKind.BulkReturn : CaptureEventKind.IsolateReturn;
            e.Number = (int)Ranged(arguments, "ret="u8, int.MinValue, int.MaxValue, line);
        }
        else if (name.SequenceEqual("isofree"u8))
        {
            e.Kind = CaptureEventKind.Isolate;
            e.Pfn = PfnOfPage(Number(arguments, "page="u8, line), line);
            e.Order = Order(arguments, line);
        }
        else if (name.SequenceEqual("drainall"u8) || name.SequenceEqual("drainlocal"u8))
        {
            e.Kind = name.SequenceEqual("drainall"u8) ? CaptureEventKind.DrainAll : CaptureEventKind.DrainLocal;
            e.Pfn = arguments.IndexOf("zone="u8) >= 0 ? Number(arguments, "zone="u8, line) : 0;
        }
        else if (name.SequenceEqual("balance"u8))
        {
            e.Kind = CaptureEventKind.Balance;
            e.Number = (int)Ranged(arguments, "hzidx="u8, int.MinValue, int.MaxValue, line);
        }
        else if (name.SequenceEqual("balanceret"u8))
        {
            e.Kind = CaptureEventKind.BalanceReturn;
        }
        else if (name.SequenceEqual("mm_vmscan_direct_reclaim_begin"u8))
        {
            e.Kind = CaptureEventKind.DirectReclaimBegin;
        }
        else if (name.SequenceEqual("mm_vmscan_direct_reclaim_end"u8))
        {
            e.Kind = CaptureEventKind.DirectReclaimEnd;
        }
        else if (name.SequenceEqual("mm_vmscan_wakeup_kswapd"u8))
        {
            e.Kind = CaptureEventKind.WakeKswapd;
            e.Gfp = Gfp(arguments, line);
        }
        else if (name.SequenceEqual("mm_page_alloc_extfrag"u8) || name.SequenceEqual("putback"u8) || name.SequenceEqual("setblk"u8)
            || name.SequenceEqual("moveblk"u8) || name.SequenceEqual("moveblkret"u8))
        {
            e.Kind = CaptureEventKind.Other;
        }
        else
        {
            return false;
        }
        return true;
    }

    /// <summary>Where the CPU number in brackets begins; a task's name may have brackets too.</summary>
    private static int Bracket(ReadOnlySpan<byte> line)
    {
        for (int i = 1; i + 4 < line.Length; i++)
        {
            if (line[i] == (byte)'[' && line[i - 1] == (byte)' ' && line[i + 4] == (byte)']'
                && char.IsAsciiDigit((char)line[i + 1]) && char.IsAsciiDigit((char)line[i + 2]) && char.IsAsciiDigit((char)line[i + 3]))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Seconds with six digits after the point.</summary>
    private static bool TryTime(ReadOnlySpan<byte> text, out long timePs)
    {
        timePs = 0;
        int point = text.IndexOf((byte)'.');
        if (point <= 0 || text.Length - point != 7
            || !Utf8Parser.TryParse(text[..point], out long seconds, out int used) || used != point || seconds is < 0 or > 9_000_000
            || !Utf8Parser.TryParse(text[(point + 1)..], out int microseconds, out used) || used != 6)
        {
            return false;
        }
        timePs = ((seconds * 1_000_000) + microseconds) * 1_000_000;
        return true;
    }

    private long Pfn(ReadOnlySpan<byte> arguments, int line)
    {
        long pfn = Number(arguments, "pfn="u8, line);
        if (pfn is < 0 or >= FrameTable.MaxFrames)
        {
            throw Bad(line, $"pfn 0x{pfn:x} is beyond any machine");
        }
        if (_structPageBytes == 0 && pfn > 0)
        {
            LearnStructPage(arguments, pfn);
        }
        return pfn;
    }

    /// <summary>Two pages and their numbers tell where the array of struct page lies and how large its elements are.</summary>
    private void LearnStructPage(ReadOnlySpan<byte> arguments, long pfn)
    {
        int at = arguments.IndexOf("page="u8);
        if (at < 0 || !TryHexNumber(arguments[(at + 5)..], out long page))
        {
            return;
        }
        if (_first.Pfn == 0)
        {
            _first = (page, pfn);
        }
        else if (pfn != _first.Pfn && unchecked(page - _first.Page) is > -MaxApart and < MaxApart and long apart && apart % (pfn - _first.Pfn) == 0)
        {
            _structPageBytes = apart / (pfn - _first.Pfn);
        }
    }

    private long PfnOfPage(long page, int line)
    {
        if (_structPageBytes <= 0)
        {
            throw Bad(line, "the address of a struct page cannot be resolved: no event before it has both page= and pfn=");
        }
        long pfn = unchecked(_first.Pfn + ((page - _first.Page) / _structPageBytes));
        return pfn is >= 0 and < FrameTable.MaxFrames ? pfn : throw Bad(line, $"0x{page:x} is no struct page");
    }

    private long Ranged(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> key, long least, long greatest, int line)
    {
        long value = Number(arguments, key, line);
        return value >= least && value <= greatest ? value : throw Bad(line, $"{Encoding.ASCII.GetString(key)} is {value}, not from {least} to {greatest}");
    }

    private byte MigrateTypeOf(ReadOnlySpan<byte> arguments, int line)
    {
        long type = Decimal(arguments, "migratetype="u8, line);
        return type is >= 0 and <= MaxMigrateType ? (byte)type : throw Bad(line, $"migratetype {type} is beyond any kernel's");
    }

    private byte Order(ReadOnlySpan<byte> arguments, int line)
    {
        long order = Decimal(arguments, "order="u8, line);
        return order is >= 0 and <= PageOrder.Max ? (byte)order : throw Bad(line, $"order {order} is beyond {PageOrder.Max}");
    }

    private long Decimal(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> key, int line)
    {
        int at = arguments.IndexOf(key);
        return at >= 0 && Utf8Parser.TryParse(arguments[(at + key.Length)..], out long value, out _)
            ? value
            : throw Bad(line, $"{Encoding.ASCII.GetString(key)} is missing or no number");
    }

    private long Number(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> key, int line)
    {
        int at = arguments.IndexOf(key);
        if (at >= 0)
        {
            ReadOnlySpan<byte> text = arguments[(at + key.Length)..];
            if (text.StartsWith("0x"u8) ? TryHexNumber(text[2..], out long value) : Utf8Parser.TryParse(text, out value, out _))
            {
                return value;
            }
        }
        throw Bad(line, $"{Encoding.ASCII.GetString(key)} is missing or no number");
    }

    private static bool TryHexNumber(ReadOnlySpan<byte> text, out long value)
    {
        bool ok = Utf8Parser.TryParse(text, out ulong bits, out _, 'x');
        value = unchecked((long)bits);
        return ok;
    }

    private int Gfp(ReadOnlySpan<byte> arguments, int line)
    {
        int at = arguments.IndexOf("gfp_flags="u8);
        if (at < 0)
        {
            throw Bad(line, "gfp_flags= is missing");
        }
        ReadOnlySpan<byte> text = arguments[(at + 10)..];
        int end = text.IndexOf((byte)' ');
        text = end < 0 ? text : text[..end];
        Span<char> chars = stackalloc char[512];
        if (text.Length > chars.Length)
        {
            throw Bad(line, "the gfp flags are too long");
        }
        chars = chars[..Encoding.ASCII.GetChars(text, chars)];
        if (_gfpByText.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(chars, out int known))
        {
            return known;
        }
        string names = chars.ToString();
        if (!GfpNames.TryParse(names, out GfpFlags gfp))
        {
            throw Bad(line, names.Length == 0
                ? "gfp_flags= is empty: the trace option hash-ptr was off, which blanks it"
                : $"the gfp flags {names} are unknown");
        }
        return _gfpByText[names] = (int)gfp;
    }

    private TraceFormatException Bad(int line, string problem) => TraceFormatException.AtLine(_path, line, problem, Remedy);
}

/// <summary>The events of a captured trace.</summary>
/// <param name="Path">The file.</param>
/// <param name="Events">In the order of the file.</param>
/// <param name="Marks">Texts of the marks.</param>
/// <param name="Tasks">Names of the tasks, by pid: the first that each had.</param>
internal sealed record FtraceText(string Path, CaptureEvent[] Events, IReadOnlyList<string> Marks, IReadOnlyDictionary<int, string> Tasks)
{
    /// <summary>Entries of the file, those passed over included.</summary>
    public long Entries { get; init; }

    /// <summary>Entries that its header announces; -1 for no header. An excerpt has fewer.</summary>
    public long Announced { get; init; } = -1;

    /// <summary>The events are an imported file's: each free stands once, where its page goes to a list, and requests and frees are all there is.</summary>
    public bool IsArranged { get; init; }
}
