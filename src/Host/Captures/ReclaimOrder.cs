using Sim.Engine.Snapshots;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>
/// The blocks that the recorded kernel's reclaim gave up, in its order, and which of them this machine holds at the moment:
/// those are what reclaim may take here. Execution state.
/// </summary>
internal sealed class ReclaimOrder
{
    [NotInSnapshot]
    private readonly CaptureEvent[] _events;
    private readonly FrameTable _frames;
    [NotInSnapshot]
    private readonly Dictionary<int, List<int>> _freesOf = [];
    private readonly Dictionary<int, long> _held = [];
    private readonly SortedSet<int>[] _byZone = new SortedSet<int>[ZoneTypes.Count];
    private readonly long[] _pages = new long[ZoneTypes.Count];

    /// <param name="text">The trace; its reclaim's frees are marked.</param>
    /// <param name="range">The stretch that is replayed.</param>
    /// <param name="isFree">Tells the events that are frees of their own, and not the first half of one.</param>
    /// <param name="frames">This machine's frames.</param>
    public ReclaimOrder(FtraceText text, CaptureRange range, Func<int, bool> isFree, FrameTable frames)
    {
        _events = text.Events;
        _frames = frames;
        for (int zone = 0; zone < _byZone.Length; zone++)
        {
            _byZone[zone] = [];
        }
        Find(range, isFree);
    }

    /// <summary>Blocks held from before the stretch on that reclaim gives up in it: the free, and the recorded frame.</summary>
    [field: NotInSnapshot]
    public IReadOnlyList<int> HeldBefore { get; private set; } = [];

    /// <summary>Pages of a zone that reclaim could take.</summary>
    public long PagesOf(ZoneType zone) => _pages[(int)zone];

    /// <summary>A recorded request was answered by this machine: what reclaim will give up of it can be taken from now on.</summary>
    /// <param name="request">Index of the request.</param>
    /// <param name="pfn">This machine's block.</param>
    public void Allocated(int request, long pfn)
    {
        if (_freesOf.TryGetValue(request, out List<int>? frees))
        {
            foreach (int free in frees)
            {
                Hold(free, pfn + _events[free].Pfn - _events[request].Pfn);
            }
        }
    }

    /// <summary>This machine holds the block of a free.</summary>
    public void Hold(int free, long pfn)
    {
        ZoneType zone = _frames[pfn].Zone;
        _held[free] = pfn;
        _byZone[(int)zone].Add(free);
        _pages[(int)zone] += 1L << _events[free].Order;
    }

    /// <summary>Takes the block that the recorded kernel gave up first of those in some zones.</summary>
    /// <returns>False when this machine holds none.</returns>
    public bool TryTake(ReadOnlySpan<Zone> zones, out long pfn, out int order)
    {
        int first = int.MaxValue;
        ZoneType from = default;
        foreach (Zone zone in zones)
        {
            if (_byZone[(int)zone.Type].Count > 0 && _byZone[(int)zone.Type].Min < first)
            {
                (first, from) = (_byZone[(int)zone.Type].Min, zone.Type);
            }
        }
        if (first == int.MaxValue)
        {
            (pfn, order) = (-1, 0);
            return false;
        }
        _byZone[(int)from].Remove(first);
        _held.Remove(first, out pfn);
        order = _events[first].Order;
        _pages[(int)from] -= 1L << order;
        return true;
    }

    /// <summary>Which request each of reclaim's frees ends.</summary>
    private void Find(CaptureRange range, Func<int, bool> isFree)
    {
        const int released = -1;
        var request = new FrameMap<int>();
        var before = new List<int>();
        for (int i = range.First; i < range.End; i++)
        {
            ref readonly CaptureEvent e = ref _events[i];
            if (e.Kind == CaptureEventKind.Alloc && e.Pfn != 0)
            {
                request.Fill(e.Pfn, 1L << e.Order, i + 1);
            }
            else if (e.Kind is CaptureEventKind.Free or CaptureEventKind.FreeBatched && isFree(i))
            {
                int by = request[e.Pfn];
                request.Fill(e.Pfn, 1L << e.Order, released);
                if ((e.Flags & CaptureFlags.ByReclaim) == 0 || by == released)
                {
                    continue;
                }
                if (by == 0)
                {
                    before.Add(i);
                    continue;
                }
                if (!_freesOf.TryGetValue(by - 1, out List<int>? frees))
                {
                    _freesOf[by - 1] = frees = [];
                }
                frees.Add(i);
            }
        }
        HeldBefore = before;
    }
}
