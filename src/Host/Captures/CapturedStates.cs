using System.Globalization;
using Sim.Host.Traces;
using Sim.Kernel.Boot;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>
/// The page allocator's lists of a stopped kernel at several moments, read from a capture's <c>states.txt</c>: each section
/// is one moment, <c>snap00</c> the first checkpoint.
/// </summary>
internal sealed class CapturedStates
{
    private readonly IReadOnlyList<TextSection> _sections;
    private readonly string _path;

    private CapturedStates(string path, IReadOnlyList<TextSection> sections) => (_path, _sections) = (path, sections);

    /// <summary>Reads the file; the sections are parsed when asked for.</summary>
    /// <exception cref="TraceFormatException">It cannot be read.</exception>
    public static CapturedStates Read(string path) => new(path, SectionedText.Read(path));

    /// <summary>Names of the moments.</summary>
    public IEnumerable<string> Names => _sections.Select(s => s.Name);

    /// <summary>The name of a checkpoint's section.</summary>
    public static string NameOf(int checkpoint) => string.Create(CultureInfo.InvariantCulture, $"snap{checkpoint:00}.state");

    /// <summary>The lists at a moment; null when the file has none of that name, with or without <c>.state</c>.</summary>
    /// <exception cref="TraceFormatException">The section is damaged.</exception>
    public CapturedLists? Find(string name)
    {
        TextSection? section = _sections.FirstOrDefault(s => s.Name == name || s.Name == name + ".state")
            ?? _sections.FirstOrDefault(s => s.Name.StartsWith(name + "-", StringComparison.Ordinal));
        return section is null ? null : new CapturedLists(Parse(section));
    }

    /// <summary>As <see cref="Find"/>, but there must be such a section.</summary>
    public CapturedLists Get(string name) => Find(name) ?? throw TraceFormatException.AtLine(_path, 0,
        $"there is no state \"{name}\" in it", $"Name one of {string.Join(", ", Names)}");

    private static List<CapturedZone> Parse(TextSection section)
    {
        var zones = new List<CapturedZone>();
        var free = new List<CapturedBlock>();
        var cpus = new List<CapturedPcp>();
        var blocks = new List<(int, CapturedBlock)>();
        foreach ((int number, string text) in section.Lines)
        {
            var line = new LineFields(section.Path, number, text);
            if (line.AtEnd || text.StartsWith('#'))
            {
                continue;
            }
            string kind = line.Word("the line's kind");
            if (kind != "zone" && zones.Count == 0)
            {
                throw line.Bad($"\"{kind}\" before the first zone");
            }
            switch (kind)
            {
                case "zone":
                    free = [];
                    cpus = [];
                    zones.Add(Zone(ref line) with { Free = free, PerCpu = cpus });
                    break;
                case "free":
                    int order = (int)line.Decimal("the order", 0, PageOrder.Max);
                    var type = (MigrateType)line.Decimal("the migratetype", 0, MigrateTypes.Count - 1);
                    for (long left = line.Decimal("the count", 0, FrameTable.MaxFrames); left > 0; left--)
                    {
                        // A page that remembers another type than its list's is listed as PFN/TYPE.
                        free.Add(new CapturedBlock(line.Number(line.Word("a pfn").Split('/')[0], NumberStyles.AllowHexSpecifier, "a pfn", 0, FrameTable.MaxFrames), order, type));
                    }
                    break;
                case "cpu":
                    if (line.Decimal("the CPU", 0, 255) != cpus.Count)
                    {
                        throw line.Bad("the CPUs are not in order");
                    }
                    break;
                case "pcpinfo":
                    blocks = [];
                    line.Expect("count");
                    line.Decimal("the count", 0, int.MaxValue);
                    line.Expect("high");
                    int high = (int)line.Decimal("high", 0, int.MaxValue);
                    line.Expect("batch");
                    int batch = (int)line.Decimal("batch", 0, int.MaxValue);
                    line.Expect("free_factor");
                    cpus.Add(new CapturedPcp(high, batch, (int)line.Decimal("free_factor", 0, 30), blocks));
                    break;
                case "pcp":
                    Pcp(ref line, zones[^1], blocks);
                    break;
                case "pb":
                    zones[^1] = Pageblocks(ref line, zones[^1]);
                    break;
                default:
                    throw line.Bad($"\"{kind}\" is no kind of line");
            }
        }
        return zones;
    }

    private static CapturedZone Zone(ref LineFields line)
    {
        string name = line.Word("the zone's name");
        int type = Array.FindIndex(Enum.GetValues<ZoneType>(), z => ZoneTypes.Name(z) == name);
        if (type < 0)
        {
            throw line.Bad($"there is no zone {name}");
        }
        line.Expect("start");
        long start = line.Hex("start", FrameTable.MaxFrames);
        line.Expect("spanned");
        long spanned = line.Decimal("spanned", 1, FrameTable.MaxFrames);
        line.Expect("present");
        long present = line.Decimal("present", 1, FrameTable.MaxFrames);
        line.Expect("managed");
        long managed = line.Decimal("managed", 0, FrameTable.MaxFrames);
        line.Expect("wm");
        long[] watermarks = new long[3];
        for (int i = 0; i < watermarks.Length; i++)
        {
            watermarks[i] = line.Decimal("a watermark", 0, FrameTable.MaxFrames);
        }
        line.Decimal("the promo watermark", 0, FrameTable.MaxFrames);
        line.Expect("boost");
        long boost = line.Decimal("boost", 0, FrameTable.MaxFrames);
        line.Expect("reserve");
        var reserve = new List<long>();
        while (!line.Is("highatomic"))
        {
            reserve.Add(line.Decimal("a reserve", 0, FrameTable.MaxFrames));
        }
        long highAtomic = line.Decimal("highatomic", 0, FrameTable.MaxFrames);
        line.Expect("flags");
        line.Word("the flags");
        line.Expect("nr_free");
        return new CapturedZone
        {
            Type = (ZoneType)type,
            StartPfn = start,
            SpannedPages = spanned,
            PresentPages = present,
            ManagedPages = managed,
            Watermarks = watermarks,
            LowmemReserve = reserve,
            WatermarkBoost = boost,
            ReservedHighAtomic = highAtomic,
            FreePagesCounter = line.Decimal("nr_free", -FrameTable.MaxFrames, FrameTable.MaxFrames),
        };
    }

    private static void Pcp(ref LineFields line, CapturedZone zone, List<(int, CapturedBlock)> blocks)
    {
        int list = (int)line.Decimal("the list", 0, PerCpuPages.Lists - 1);
        long count = line.Decimal("the count", 0, FrameTable.MaxFrames);
        bool huge = list >= PerCpuPages.HugeLists;
        int order = huge ? -1 : list / MigrateTypes.PcpTypes;
        var type = (MigrateType)(huge ? list - PerCpuPages.HugeLists : list % MigrateTypes.PcpTypes);
        for (; count > 0; count--)
        {
            string[] page = line.Word("a pfn").Split('/');
            long pfn = line.Number(page[0], NumberStyles.AllowHexSpecifier, "a pfn", 0, FrameTable.MaxFrames);
            MigrateType own = page.Length > 1
                ? (MigrateType)line.Number(page[1], NumberStyles.None, "a page's migratetype", 0, MigrateTypes.Count - 1)
                : type;
            blocks.Add((list, new CapturedBlock(pfn, order, own)));
        }
    }

    private static CapturedZone Pageblocks(ref LineFields line, CapturedZone zone)
    {
        long first = line.Hex("the first pfn", FrameTable.MaxFrames);
        int pages = (int)line.Decimal("the pages of a block", 1, 1 << PageOrder.Max);
        string digits = line.AtEnd ? "" : line.Word("the types");
        var types = new List<MigrateType?>(digits.Length);
        foreach (char digit in digits)
        {
            if (digit is not ((>= '0' and <= '4') or '7'))
            {
                throw line.Bad($"'{digit}' is no migratetype of a page block");
            }
            types.Add(digit == '7' ? null : (MigrateType)(digit - '0'));
        }
        if (!System.Numerics.BitOperations.IsPow2(pages) || (first + (types.Count * (long)pages)) < zone.StartPfn + zone.SpannedPages)
        {
            throw line.Bad("the page blocks do not cover the zone");
        }
        int hugeOrder = System.Numerics.BitOperations.Log2((uint)pages);
        return zone with
        {
            FirstPageblock = first,
            PageblockPages = pages,
            PageblockTypes = types,
            PerCpu = [.. zone.PerCpu.Select(p => p with { Blocks = [.. p.Blocks.Select(b => b.Block.Order < 0 ? (b.List, b.Block with { Order = hugeOrder }) : b)] })],
        };
    }
}
