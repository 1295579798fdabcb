using Sim.Engine.Events;
using Sim.Engine.Tables;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Zones;

namespace Sim.Host.Exports;

/// <summary>The table <c>fragmentation</c>: for every sample, zone and order a row, in the kernel's own measures.</summary>
internal sealed class FragmentationTable : IDisposable
{
    private const int FirstTypeColumn = 8;

    // The names that the tables of events have, so that tables can be joined.
    private static readonly string[] ZoneNames = NamesOf(BootZone.Descriptor, nameof(BootZone.Zone));
    private static readonly string[] TypeNames = NamesOf(PageAlloc.Descriptor, nameof(PageAlloc.MigrateType));

    private static readonly TableColumn[] BeforeTypes =
    [
        CommonColumns.RunId,
        CommonColumns.Sequence with { Doc = "Last event before the moment; rows are sorted by it." },
        CommonColumns.TimeNs,
        CommonColumns.TimePs,
        new("zone", ColumnType.Text, "", "Zone."),
        new("page_order", ColumnType.Int32, "", "Order: blocks of 2^page_order page frames."),
        new("free_blocks", ColumnType.Int64, "blocks", "Free blocks of the order, of all migratetypes."),
        new("free_pages", ColumnType.Int64, "pages", "Page frames in these blocks."),
    ];

    private static readonly TableColumn[] AfterTypes =
    [
        new("extfrag_index", ColumnType.Int32, "1/1000", "The kernel's fragmentation index for requests of the order: -1000 when one would succeed; towards 0 it fails for lack of memory, towards 1000 for fragmentation."),
        new("unusable_index", ColumnType.Int32, "1/1000", "Share of the zone's free memory that is in blocks too small for the order."),
        new("zone_free_pages", ColumnType.Int64, "pages", "Page frames on the zone's free lists."),
        new("zone_managed_pages", ColumnType.Int64, "pages", "Page frames the zone got at boot."),
        new("zone_largest_free_order", ColumnType.Int32, "", "Greatest order with a free block in the zone; -1 for none."),
    ];

    private readonly SampledTable _table;

    /// <param name="directory">Folder of all tables.</param>
    /// <param name="origin">What the table is made from.</param>
    public FragmentationTable(string directory, TableOrigin origin)
    {
        _table = new SampledTable(Schema, directory, origin);
        _table.Set(0, origin.Run.RunId);
    }

    /// <summary>The table.</summary>
    public static TableSchema Schema { get; } = new(
        "fragmentation", "Free memory by zone and order, sampled in simulated time.",
        [
            .. BeforeTypes,
            .. Enumerable.Range(0, MigrateTypes.Count).Select(type => new TableColumn(
                $"free_blocks_{TypeNames[type]}", ColumnType.Int64, "blocks", $"Free blocks of the order on the list of migratetype {TypeNames[type]}.")),
            .. AfterTypes,
        ]);

    /// <summary>Adds the rows of one moment.</summary>
    public void Add(in SampleMoment moment, PageAllocatorState pages)
    {
        moment.WriteTo(_table, sequence: 1, timeNs: 2, timePs: 3);
        foreach (Zone zone in pages.Zones)
        {
            if (zone.IsPopulated)
            {
                Add(zone);
            }
        }
    }

    /// <summary>Finishes the table; null when it has no rows.</summary>
    public TableEntry? Complete() => _table.Complete();

    public void Dispose() => _table.Dispose();

    private static string[] NamesOf(EventDescriptor e, string field) => Array.Find(e.Fields, f => f.Name == field)!.EnumNames;

    private void Add(Zone zone)
    {
        int largest = PageOrder.Max;
        while (largest >= 0 && zone.FreeBlocks(largest) == 0)
        {
            largest--;
        }
        _table.Set(4, ZoneNames[(int)zone.Type]);
        for (int order = 0; order < PageOrder.Count; order++)
        {
            long blocks = zone.FreeBlocks(order);
            _table.Set(5, order);
            _table.Set(6, blocks);
            _table.Set(7, blocks << order);
            int column = FirstTypeColumn;
            for (int type = 0; type < MigrateTypes.Count; type++)
            {
                _table.Set(column++, (long)zone.FreeBlocks(order, (MigrateType)type));
            }
            _table.Set(column++, ExtFrag.Index(zone, order));
            _table.Set(column++, ExtFrag.Unusable(zone, order));
            _table.Set(column++, zone.FreePages);
            _table.Set(column++, zone.ManagedPages);
            _table.Set(column, largest);
            _table.EndRow();
        }
    }
}
