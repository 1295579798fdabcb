using Sim.Engine.Events;
using Sim.Engine.Tables;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Host.Exports;

/// <summary>The table <c>slab_usage</c>: for every sample and cache a row; what is taken from the page allocator and what of it is used.</summary>
internal sealed class SlabUsageTable : IDisposable
{
    private readonly SampledTable _table;

    /// <param name="directory">Folder of all tables.</param>
    /// <param name="origin">What the table is made from.</param>
    public SlabUsageTable(string directory, TableOrigin origin)
    {
        _table = new SampledTable(Schema, directory, origin);
        _table.Set(0, origin.Run.RunId);
    }

    /// <summary>The table.</summary>
    public static TableSchema Schema { get; } = new(
        "slab_usage", "Slab caches, sampled in simulated time: bytes asked for beside bytes taken.",
        [
            CommonColumns.RunId,
            CommonColumns.Sequence with { Doc = "Last event before the moment; rows are sorted by it." },
            CommonColumns.TimeNs,
            CommonColumns.TimePs,
            new("cache_name", ColumnType.Text, "", "Name of the cache."),
            new("active_objects", ColumnType.Int64, "objects", "Objects handed out."),
            new("total_objects", ColumnType.Int64, "objects", "Objects in all slabs."),
            new("active_slabs", ColumnType.Int32, "slabs", "Slabs with an object handed out."),
            new("total_slabs", ColumnType.Int32, "slabs", "Slabs."),
            new("object_size_bytes", ColumnType.Int32, "bytes", "Bytes an object takes in its slab."),
            new("total_requested_bytes", ColumnType.Int64, "bytes", "Bytes the objects handed out were asked for with."),
            new("total_object_bytes", ColumnType.Int64, "bytes", "Bytes the objects handed out take; less total_requested_bytes it is lost inside objects."),
            new("total_slab_bytes", ColumnType.Int64, "bytes", "Bytes of all slabs; less total_requested_bytes it is the internal fragmentation."),
        ]);

    /// <summary>Adds the rows of one moment.</summary>
    public void Add(in SampleMoment moment, SlabState state, SymbolTable symbols)
    {
        moment.WriteTo(_table, sequence: 1, timeNs: 2, timePs: 3);
        foreach (SlabCache cache in state.Caches)
        {
            _table.Set(4, symbols[cache.Name]);
            _table.Set(5, cache.ActiveObjects);
            _table.Set(6, cache.Objects);
            _table.Set(7, cache.ActiveSlabs);
            _table.Set(8, cache.Slabs);
            _table.Set(9, cache.SizeBytes);
            _table.Set(10, cache.RequestedBytes);
            _table.Set(11, cache.ActiveObjects * cache.SizeBytes);
            _table.Set(12, cache.Pages * Page.Size);
            _table.EndRow();
        }
    }

    /// <summary>Finishes the table; null when it has no rows.</summary>
    public TableEntry? Complete() => _table.Complete();

    public void Dispose() => _table.Dispose();
}
