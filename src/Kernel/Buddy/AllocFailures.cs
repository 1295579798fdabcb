using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <summary>
/// Requests that failed, by order, and what the kernel would have said of the last one that it reports (<c>warn_alloc</c>
/// of mm/page_alloc.c, 6.1). Sourced state.
/// </summary>
public sealed class AllocFailures
{
    private const int Figures = 8;

    private readonly long[] _byOrder = new long[PageOrder.Count];

    // Of the last report, by zone: free, min, low, high, boost, high-atomic, present, managed; free blocks by list.
    private readonly long[] _figures = new long[ZoneTypes.Count * Figures];
    private readonly int[] _blocks = new int[ZoneTypes.Count * PageOrder.Count * MigrateTypes.Count];

    /// <summary>Requests that failed so far.</summary>
    public long Count { get; private set; }

    /// <summary>The event of the last one that is reported; -1 for none.</summary>
    public long Last { get; private set; } = -1;

    /// <summary>When that was, in picoseconds.</summary>
    public long TimePs { get; private set; }

    /// <summary>Order it asked for.</summary>
    public int Order { get; private set; }

    /// <summary>How it asked.</summary>
    public GfpFlags Gfp { get; private set; }

    /// <summary>For whom.</summary>
    public int Owner { get; private set; }

    /// <summary>CPU that asked.</summary>
    public int Cpu { get; private set; }

    /// <summary>Requests of an order that failed so far.</summary>
    public long OfOrder(int order) => _byOrder[order];

    internal void Note(in PageAllocFailed e, in EventHeader header, ImmutableArray<Zone> zones)
    {
        Count++;
        _byOrder[e.Order]++;
        if ((e.Gfp & (int)GfpFlags.NoWarn) != 0)
        {
            return;
        }
        (Last, TimePs, Order, Gfp, Owner, Cpu) = (header.Sequence, header.TimePs, e.Order, (GfpFlags)e.Gfp, e.Owner, e.Cpu);
        foreach (Zone zone in zones)
        {
            Span<long> figures = _figures.AsSpan((int)zone.Type * Figures, Figures);
            figures[0] = zone.FreePages;
            figures[1] = zone.Watermark(Watermark.Min);
            figures[2] = zone.Watermark(Watermark.Low);
            figures[3] = zone.Watermark(Watermark.High);
            figures[4] = zone.WatermarkBoost;
            figures[5] = zone.ReservedHighAtomic;
            figures[6] = zone.PresentPages;
            figures[7] = zone.ManagedPages;
            for (int order = 0; order < PageOrder.Count; order++)
            {
                for (int type = 0; type < MigrateTypes.Count; type++)
                {
                    Blocks(zone.Type, order, type) = zone.FreeBlocks(order, (MigrateType)type);
                }
            }
        }
    }

    /// <summary>Counts by order, and the report of the last failure in the kernel's words.</summary>
    /// <param name="comm">Name of the task behind an owner.</param>
    public string Render(Func<int, string> comm)
    {
        var text = new StringBuilder("failed requests by order:");
        foreach (long count in _byOrder)
        {
            text.Append(CultureInfo.InvariantCulture, $" {count}");
        }
        text.Append('\n');
        if (Last < 0)
        {
            return text.ToString();
        }
        text.Append(CultureInfo.InvariantCulture,
            $"[{TimePs / 1_000_000_000_000,5}.{TimePs / 1_000_000 % 1_000_000:000000}] {comm(Owner)}: page allocation failure: order:{Order}, mode:0x{(int)Gfp:x}({GfpNames.Format(Gfp)}), nodemask=(null)\n");
        text.Append("Mem-Info:\n");
        for (int zone = 0; zone < ZoneTypes.Count; zone++)
        {
            long[] kib = [.. _figures.AsSpan(zone * Figures, Figures).ToArray().Select(Kib)];
            if (kib[6] > 0)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"Node 0 {ZoneTypes.Name((ZoneType)zone)} free:{kib[0]}kB boost:{kib[4]}kB min:{kib[1]}kB low:{kib[2]}kB high:{kib[3]}kB"
                    + $" reserved_highatomic:{kib[5]}KB present:{kib[6]}kB managed:{kib[7]}kB\n");
            }
        }
        for (int zone = 0; zone < ZoneTypes.Count; zone++)
        {
            if (_figures[(zone * Figures) + 6] > 0)
            {
                AppendBlocks(text, (ZoneType)zone);
            }
        }
        return text.ToString();
    }

    private void AppendBlocks(StringBuilder text, ZoneType zone)
    {
        text.Append(CultureInfo.InvariantCulture, $"Node 0 {ZoneTypes.Name(zone)}: ");
        long total = 0;
        for (int order = 0; order < PageOrder.Count; order++)
        {
            // The lists that have blocks are told by their letters (show_migration_types).
            long blocks = 0;
            string letters = "";
            for (int type = 0; type < MigrateTypes.Count; type++)
            {
                blocks += Blocks(zone, order, type);
                letters += Blocks(zone, order, type) > 0 ? "UMEHI"[type] : "";
            }
            total += blocks << order;
            text.Append(CultureInfo.InvariantCulture, $"{blocks}*{Kib(1L << order)}kB {(blocks > 0 ? $"({letters}) " : "")}");
        }
        text.Append(CultureInfo.InvariantCulture, $"= {Kib(total)}kB\n");
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<long>(_byOrder);
        hash.Add(Last);
        hash.Add(TimePs);
        hash.Add(((long)Order << 40) | (long)Gfp);
        hash.Add(Owner);
        hash.Add(Cpu);
        hash.AddSpan<long>(_figures);
        hash.AddSpan<int>(_blocks);
    }

    private ref int Blocks(ZoneType zone, int order, int type) =>
        ref _blocks[(((int)zone * PageOrder.Count) + order) * MigrateTypes.Count + type];

    private static long Kib(long pages) => pages << (Page.Shift - 10);
}
