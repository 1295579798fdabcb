using System.Globalization;
using System.IO.Compression;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Events;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

/// <summary>
/// A page allocator that starts from a real kernel's lists and is asked what the kernel was asked. The recording holds the
/// lists of a stopped guest, in list order; the guest's requests and frees, from ftrace's kmem events; and its lists again.
/// Lines: <c>a zone order type pfn</c> (the pfn is what the kernel answered), <c>b zone type count</c> (order 0 in bulk),
/// <c>f pfn order</c>, <c>i pfn order</c> (freed past the held per-CPU lists).
/// </summary>
internal sealed class RecordedKernel
{
    private readonly PageAllocatorState _state;
    private readonly PageAllocator _allocator;
    private readonly CpuClock _cpu;
    private readonly IEnumerator<string> _lines;

    public RecordedKernel(string recording, ZoneProfile profile, MemoryMap map)
    {
        var catalogue = new EventCatalogue();
        KernelEvents.AddTo(catalogue);
        var journal = new Journal(new NullBlockSink(), catalogue);
        _state = new PageAllocatorState(profile, map, 1);
        _allocator = new PageAllocator(_state, journal, new PageAllocatorCosts());
        _cpu = new CpuClock(0, journal);
        _lines = Read(recording).GetEnumerator();
        foreach (Zone zone in _state.Zones.Where(z => z.IsPopulated))
        {
            var e = new BootZone(zone.Type, zone.StartPfn, zone.SpannedPages, zone.PresentPages, zone.EndPfn);
            _state.Apply(in e, new EventHeader(0, 0, -1));
        }
        for (long pfn = 0; pfn < _state.Frames.Count; pfn++)
        {
            if (_state.Frames[pfn].State == FrameState.Reserved)
            {
                _state.Frames[pfn].State = FrameState.Allocated;
            }
        }
        Load();
    }

    public int Allocations { get; private set; }

    public int Checks { get; private set; }

    /// <summary>Runs to the end; every answer and, at the checks, every list must be the kernel's.</summary>
    public void Run()
    {
        int line = 0;
        while (_lines.MoveNext())
        {
            line++;
            string[] f = _lines.Current.Split(' ');
            switch (f[0])
            {
                case "a":
                    long expected = Hex(f[4]);
                    long pfn = _allocator.AllocPages(Int(f[2]), Gfp(_state.Profile.Zones[Int(f[1])], Int(f[3])), 1, _cpu, -1);
                    Assert.True(expected == pfn, $"step {line}, {_lines.Current}: the model answers 0x{pfn:x}");
                    Allocations++;
                    break;
                case "b":
                    int wanted = Int(f[3]);
                    int got = _allocator.AllocPagesBulk(Gfp(_state.Profile.Zones[Int(f[1])], Int(f[2])), 1, _cpu, -1, new long[wanted]);
                    Assert.Equal(wanted, got);
                    break;
                case "f":
                    Shape((int)Hex(f[1]), Int(f[2]));
                    _allocator.FreePages(Hex(f[1]), Int(f[2]), _cpu, -1);
                    break;
                case "i":
                    Shape((int)Hex(f[1]), Int(f[2]));
                    _allocator.FreePagesToBuddy(Hex(f[1]), Int(f[2]), _cpu, -1);
                    break;
                case "check":
                    Check();
                    Checks++;
                    break;
                default:
                    Assert.Fail("unknown step: " + _lines.Current);
                    break;
            }
        }
    }

    /// <summary>A block allocated before the recording began is known by its first frame only, until it is freed.</summary>
    private void Shape(int pfn, int order)
    {
        if (_state.Frames[pfn].Order == order)
        {
            return;
        }
        _state.Frames[pfn].Order = (byte)order;
        for (int tail = pfn + 1; tail < pfn + (1 << order); tail++)
        {
            _state.Frames[tail].State = FrameState.Tail;
        }
    }

    private void Load()
    {
        Zone? zone = null;
        while (_lines.MoveNext() && _lines.Current != "go")
        {
            string[] f = _lines.Current.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (f[0])
            {
                case "zone":
                    zone = _state.Zones.Single(z => ZoneTypes.Name(z.Type) == f[1]);
                    Assert.Equal((Hex(f[3]), long.Parse(f[5], CultureInfo.InvariantCulture)), (zone.StartPfn, zone.SpannedPages));
                    zone.SetWatermark(Watermark.Min, Int(f[11]));
                    zone.SetWatermark(Watermark.Low, Int(f[12]));
                    zone.SetWatermark(Watermark.High, Int(f[13]));
                    for (int i = 0; i < _state.Zones.Length; i++)
                    {
                        zone.SetLowmemReserve(_state.Zones[i].Type, Int(f[18 + i]));
                    }
                    break;
                case "free":
                    foreach (string entry in f[4..])
                    {
                        int pfn = (int)Hex(entry.Split('/')[0]);
                        Put(pfn, Int(f[1]), FrameState.Buddy, (MigrateType)Int(f[2]), zone!.FreeList(Int(f[1]), (MigrateType)Int(f[2])));
                        zone.CountBlock(Int(f[1]), (MigrateType)Int(f[2]), 1);
                        zone.FreePages += 1L << Int(f[1]);
                    }
                    break;
                case "pcpinfo":
                    (zone!.PerCpu[0].Count, zone.PerCpu[0].High, zone.PerCpu[0].Batch, zone.PerCpu[0].FreeFactor) = (Int(f[2]), Int(f[4]), Int(f[6]), Int(f[8]));
                    break;
                case "pcp":
                    foreach (string entry in f[3..])
                    {
                        string[] page = entry.Split('/');
                        int order = PerCpuPages.OrderOf(Int(f[1]), _state.Profile.PageblockOrder);
                        int type = page.Length > 1 ? Int(page[1]) : Int(f[1]) < PerCpuPages.HugeLists ? Int(f[1]) % 3 : Int(f[1]) - PerCpuPages.HugeLists;
                        Put((int)Hex(page[0]), order, FrameState.Pcp, (MigrateType)type, zone!.PerCpu[0].FirstList + Int(f[1]));
                    }
                    break;
                case "pb":
                    for (int i = 0; i < f[3].Length; i++)
                    {
                        if (f[3][i] != '7')
                        {
                            zone!.SetPageblockType(Hex(f[1]) + (i * Pages(f[2])), (MigrateType)(f[3][i] - '0'));
                        }
                    }
                    break;
            }
        }
        foreach (Zone populated in _state.Zones)
        {
            populated.SetFreePagesCounter(populated.FreePages, 0);
        }
    }

    private void Put(int pfn, int order, FrameState state, MigrateType type, int list)
    {
        for (int tail = pfn + 1; tail < pfn + (1 << order); tail++)
        {
            _state.Frames[tail].State = FrameState.Tail;
        }
        ref Frame frame = ref _state.Frames[pfn];
        (frame.State, frame.Order, frame.MigrateType) = (state, (byte)order, type);
        _state.Frames.LinkLast(list, pfn);
    }

    private void Check()
    {
        Zone? zone = null;
        int compared = 0;
        while (_lines.MoveNext() && _lines.Current != "end")
        {
            string[] f = _lines.Current.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (f[0])
            {
                case "zone":
                    Assert.Equal(compared, zone is null ? 0 : NonEmpty(zone));
                    zone = _state.Zones.Single(z => ZoneTypes.Name(z.Type) == f[1]);
                    // Its own count of free pages lags by what CPUs have not added up yet; the lists tell.
                    compared = 0;
                    break;
                case "free":
                    Assert.Equal(f[4..].Select(e => Hex(e.Split('/')[0])), Members(zone!.FreeList(Int(f[1]), (MigrateType)Int(f[2]))));
                    compared++;
                    break;
                case "pcpinfo":
                    Assert.Equal((Int(f[2]), Int(f[8])), (zone!.PerCpu[0].Count, zone.PerCpu[0].FreeFactor));
                    break;
                case "pcp":
                    Assert.Equal(f[3..].Select(e => Hex(e.Split('/')[0])), Members(zone!.PerCpu[0].FirstList + Int(f[1])));
                    compared++;
                    break;
                case "pb":
                    Assert.Equal(f[3], string.Concat(zone!.PageblockTypes.ToArray().Select((t, i) => f[3][i] == '7' ? "7" : $"{t}")));
                    break;
            }
        }
        Assert.Equal(compared, NonEmpty(zone!));
    }

    private int NonEmpty(Zone zone) =>
        Enumerable.Range(0, PageOrder.Count).Sum(o => Enumerable.Range(0, MigrateTypes.Count).Count(t => zone.FreeBlocks(o, (MigrateType)t) > 0))
        + Enumerable.Range(0, PerCpuPages.Lists).Count(l => Members(zone.PerCpu[0].FirstList + l).Any());

    private IEnumerable<long> Members(int list)
    {
        for (int at = _state.Frames.At(list).Next; at != list; at = _state.Frames.At(at).Next)
        {
            yield return at;
        }
    }

    private Zone Zone(int index) => _state.Zone(_state.Profile.Zones[index]);

    /// <summary>A request that prefers the zone; which zone answers is the model's decision.</summary>
    private static GfpFlags Gfp(ZoneType zone, int type) => GfpFlags.Kernel | (GfpFlags)(type << 3) | zone switch
    {
        ZoneType.Dma => GfpFlags.Dma,
        ZoneType.HighMem => GfpFlags.HighMem,
        _ => GfpFlags.None,
    };

    private static IEnumerable<string> Read(string recording)
    {
        using Stream stream = typeof(RecordedKernel).Assembly.GetManifestResourceStream(recording)!;
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            if (line[0] != '#')
            {
                yield return line;
            }
        }
    }

    private static int Int(string text) => int.Parse(text.TrimEnd(':'), CultureInfo.InvariantCulture);

    private static long Hex(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static long Pages(string pages) => long.Parse(pages, CultureInfo.InvariantCulture);
}
