using System.Globalization;
using Sim.Host.Captures;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Host.Parity;

/// <summary>Compares the page allocator with a recorded kernel while it answers the kernel's requests.</summary>
internal sealed class PageParity(CapturedStates states, CapturedCheckpoints checkpoints) : ICaptureObserver
{
    private const int ListContext = 8, MostZoneMisses = 20;
    private readonly List<ZoneMiss> _zoneMisses = [];
    private readonly List<CheckpointParity> _checkpoints = [];
    private PageAllocatorState? _pages;
    private Func<long>? _events;

    /// <summary>Requests that the recorded kernel answered.</summary>
    public long Allocations { get; private set; }

    /// <summary>Those answered with the same frame.</summary>
    public long SamePfn { get; private set; }

    /// <summary>Those answered from the same zone.</summary>
    public long SameZone { get; private set; }

    /// <summary>Requests that the recorded kernel could not answer and this machine could.</summary>
    public long AnsweredHereOnly { get; private set; }

    /// <summary>The checkpoints passed.</summary>
    public IReadOnlyList<CheckpointParity> Checkpoints => _checkpoints;

    /// <summary>The first different answer; null for none.</summary>
    public PageMiss? FirstMiss { get; private set; }

    /// <summary>The first requests for which another zone was chosen here.</summary>
    public IReadOnlyList<ZoneMiss> ZoneMisses => _zoneMisses;

    /// <summary>Names the machine to look at.</summary>
    public void Watch(Machine machine)
    {
        _pages = machine.State.Memory.Pages;
        _events = () => machine.Journal.NextSequence;
    }

    /// <inheritdoc/>
    public void Allocated(in CaptureEvent request, long pfn, ZoneType? zone)
    {
        if (request.Pfn == 0)
        {
            AnsweredHereOnly += pfn >= 0 ? 1 : 0;
            return;
        }
        Allocations++;
        FrameTable frames = _pages!.Frames;
        bool sameZone = request.Pfn < frames.Count && zone == frames[request.Pfn].Zone;
        SameZone += sameZone ? 1 : 0;
        if (!sameZone && _zoneMisses.Count < MostZoneMisses)
        {
            _zoneMisses.Add(new ZoneMiss(Allocations, request.Line, request.Pfn < frames.Count ? ZoneTypes.Name(frames[request.Pfn].Zone) : "none",
                zone is { } chosen ? ZoneTypes.Name(chosen) : null, Counters()));
        }
        if (pfn == request.Pfn)
        {
            SamePfn++;
            return;
        }
        FirstMiss ??= new PageMiss(
            Allocations, request.Line, _events!() - 1, request.Order, GfpNames.Format((GfpFlags)request.Gfp), request.Pid,
            Hex(request.Pfn), pfn < 0 ? null : Hex(pfn), Where(request.Pfn), pfn < 0 ? null : Where(pfn),
            Around(in request, request.Pfn), pfn < 0 ? [] : Around(in request, pfn));
    }

    /// <inheritdoc/>
    public void Checkpoint(int number, string name)
    {
        if (states.Find(CapturedStates.NameOf(number)) is not { } recorded)
        {
            return;
        }
        IReadOnlyList<string> differences = ListComparison.Differences(_pages!, recorded);
        _checkpoints.Add(new CheckpointParity(number, name, differences.Count == 0, null, differences));
    }

    /// <inheritdoc/>
    public void Buddyinfo(int number)
    {
        int index = _checkpoints.FindIndex(c => c.Number == number);
        if (index < 0 || checkpoints.Buddyinfo(number) is not { } recorded)
        {
            return;
        }
        bool equal = recorded.All(zone =>
            zone.Value.AsSpan().SequenceEqual([.. Enumerable.Range(0, PageOrder.Count).Select(o => (long)_pages!.Zone(zone.Key).FreeBlocks(o))]));
        _checkpoints[index] = _checkpoints[index] with { BuddyinfoEqual = equal };
    }

    /// <summary>Where a frame is now.</summary>
    private string Where(long pfn)
    {
        if (pfn >= _pages!.Frames.Count)
        {
            return "beyond memory";
        }
        long head = pfn;
        while (_pages.Frames[head].State == FrameState.Tail && head > 0)
        {
            head--;
        }
        ref readonly Frame frame = ref _pages.Frames[head];
        string block = string.Create(CultureInfo.InvariantCulture, $"{ZoneTypes.Name(frame.Zone)}, {frame.State} block {Hex(head)} of order {frame.Order}, {MigrateTypes.Name(frame.MigrateType)}");
        return block;
    }

    /// <summary>The beginnings of the lists that a request is served from, in the zone of a frame.</summary>
    private List<string> Around(in CaptureEvent request, long pfn)
    {
        var lines = new List<string>();
        if (pfn >= _pages!.Frames.Count || request.MigrateType >= MigrateTypes.Count)
        {
            return lines;
        }
        Zone zone = _pages.Zone(_pages.Frames[pfn].Zone);
        var type = (MigrateType)request.MigrateType;
        if (_pages.HasPcpList(request.Order) && request.MigrateType < MigrateTypes.PcpTypes)
        {
            PerCpuPages pcp = zone.PerCpu[request.Cpu % _pages.Cpus];
            lines.Add($"pcp order {request.Order}, {MigrateTypes.Name(type)}: {Beginning(pcp.ListHead(request.Order, type))} (count {pcp.Count}, high {pcp.High}, batch {pcp.Batch}, free_factor {pcp.FreeFactor})");
        }
        for (int order = request.Order; order < PageOrder.Count; order++)
        {
            if (zone.FreeBlocks(order, type) > 0)
            {
                lines.Add($"free order {order}, {MigrateTypes.Name(type)}: {Beginning(zone.FreeList(order, type))}");
            }
        }
        lines.Add($"{ZoneTypes.Name(zone.Type)}: {zone.FreePagesCounter} free, min {zone.Watermark(Watermark.Min)}, low {zone.Watermark(Watermark.Low)}");
        return lines;
    }

    /// <summary>What the zones were chosen by.</summary>
    private string Counters() => string.Join("; ", _pages!.Zones.Where(z => z.IsPopulated).Select(z =>
        $"{ZoneTypes.Name(z.Type)} {z.FreePagesCounter} free, min {z.Watermark(Watermark.Min)}, low {z.Watermark(Watermark.Low)}"));

    private string Beginning(int list) => string.Join(" ", ListComparison.Members(_pages!.Frames, list).Take(ListContext).Select(Hex).DefaultIfEmpty("empty"));

    private static string Hex(long pfn) => string.Create(CultureInfo.InvariantCulture, $"0x{pfn:x}");
}

/// <summary>A request for which another zone was chosen here than the recorded answer's.</summary>
/// <param name="Allocation">Number of the allocation, from 1.</param>
/// <param name="Line">Line of the trace.</param>
/// <param name="Expected">Zone of the recorded answer.</param>
/// <param name="Chosen">Zone chosen here; null for none.</param>
/// <param name="Counters">Free pages and watermarks, after the answer.</param>
internal sealed record ZoneMiss(long Allocation, int Line, string Expected, string? Chosen, string Counters);

/// <summary>What a checkpoint came to.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="ListsIdentical">Every free list and per-CPU list has the same blocks in the same order, every page block its type.</param>
/// <param name="BuddyinfoEqual">Every count of <c>/proc/buddyinfo</c>; null where the capture has none.</param>
/// <param name="Differences">What differs, in words.</param>
internal sealed record CheckpointParity(int Number, string Name, bool ListsIdentical, bool? BuddyinfoEqual, IReadOnlyList<string> Differences);

/// <summary>The first request that was answered otherwise, with both sides' context.</summary>
/// <param name="Allocation">Number of the allocation, from 1.</param>
/// <param name="Line">Line of the trace.</param>
/// <param name="Sequence">This machine's event.</param>
/// <param name="Order">Order asked for.</param>
/// <param name="Gfp">How it was asked for.</param>
/// <param name="Pid">Task that asked.</param>
/// <param name="ExpectedPfn">The recorded answer.</param>
/// <param name="ActualPfn">This machine's answer; null for none.</param>
/// <param name="ExpectedNow">Where the recorded frame is in this machine, after its answer.</param>
/// <param name="ActualNow">Where this machine's frame is.</param>
/// <param name="ListsOfExpected">The lists the request is served from, in the recorded frame's zone.</param>
/// <param name="ListsOfActual">The same in the zone of this machine's frame.</param>
internal sealed record PageMiss(
    long Allocation, int Line, long Sequence, int Order, string Gfp, int Pid, string ExpectedPfn, string? ActualPfn,
    string ExpectedNow, string? ActualNow, IReadOnlyList<string> ListsOfExpected, IReadOnlyList<string> ListsOfActual)
{
    /// <summary>The lines of the trace up to the request.</summary>
    public IReadOnlyList<string> Recorded { get; init; } = [];

    /// <summary>This machine's events up to the answer.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];
}
