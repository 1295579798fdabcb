using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tables;

/// <summary>
/// The log as tables: every kind of event that occurs becomes a table of its own, with a row for each event. Reads the
/// log once, keeps at most a row group of each table in memory, allocates nothing per event. The same log gives the
/// same bytes. <c>docs/format/tables.md</c> describes the tables.
/// </summary>
public sealed class ParquetProjection : IDisposable
{
    private readonly TableOrigin _origin;
    private readonly EventType?[] _types = new EventType?[EventCatalogue.MaxKinds];
    private readonly RowDecoder?[] _decoders = new RowDecoder?[EventCatalogue.MaxKinds];
    private readonly EventTable?[] _tables = new EventTable?[EventCatalogue.MaxKinds];
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private long _events;

    /// <param name="logged">The kinds of event the log may hold, as its header describes them.</param>
    /// <param name="build">The kinds this build knows. What it does not know, or knows otherwise, is read as the log describes it.</param>
    /// <param name="directory">Folder for the tables; created when missing. It holds no tables yet.</param>
    /// <param name="origin">What the tables are made from.</param>
    /// <param name="options">How tables are cut; null for the defaults.</param>
    /// <exception cref="ArgumentException">A kind's name or a field's is no column name, or two fields have the same.</exception>
    public ParquetProjection(
        IReadOnlyList<EventDescriptor> logged, EventCatalogue build, string directory, TableOrigin origin, TableOptions? options = null)
    {
        _origin = origin;
        options ??= new TableOptions();
        var schema = new LogSchema(logged);
        var symbols = new SymbolTable();
        var scratch = new TableScratch(options.RowsPerGroup);
        foreach (EventDescriptor descriptor in logged)
        {
            int kind = descriptor.Kind;
            _tables[kind] = new EventTable(descriptor, directory, origin, options, symbols, scratch);
            if (kind == SymbolEvent.Kind)
            {
                _decoders[kind] = new SymbolRowDecoder(symbols);
            }
            else if (build[kind] is { } type && type.Descriptor.Fields.Length == descriptor.Fields.Length && schema.Refusal(kind, build) is null)
            {
                _types[kind] = type;
            }
            else
            {
                _decoders[kind] = new DescribedRowDecoder(descriptor);
            }
        }
        Directory.CreateDirectory(directory);
    }

    /// <summary>The table of a kind of event.</summary>
    /// <exception cref="ArgumentException">The kind's name or a field's is no column name, or two fields have the same.</exception>
    public static TableSchema SchemaOf(EventDescriptor descriptor) => EventTableSchema.Of(descriptor).Schema;

    /// <summary>Writes the tables of a whole log.</summary>
    /// <param name="log">The log; one that is not sealed is taken as far as it is sound. Not used by others meanwhile.</param>
    /// <param name="build">The kinds of event this build knows.</param>
    /// <param name="directory">Folder for the tables; created when missing. It holds no tables yet.</param>
    /// <param name="options">How tables are cut; null for the defaults.</param>
    /// <param name="progress">Gets the number of events written, after each block.</param>
    /// <param name="cancellation">Gives the export up; files not finished are removed.</param>
    /// <returns>What was written; the caller puts it beside the tables when all of them are there.</returns>
    /// <exception cref="CorruptLogException">The log is damaged.</exception>
    /// <exception cref="IOException">The log cannot be read or a table cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is not writable.</exception>
    public static TableManifest Write(
        LogReader log, EventCatalogue build, string directory, TableOptions? options = null, IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        using ParquetProjection projection = Create(log, build, directory, options);
        BlockAddress address = default;
        try
        {
            projection.ReadBlocks(log, ref address, progress, cancellation);
        }
        catch (CorruptLogException e) when (e.Segment is null)
        {
            ReadOnlySpan<BlockIndexEntry> index = log.Index(address.Segment);
            throw new CorruptLogException(e.What, LogFormat.SegmentName(index[0].FirstSequence), address.Block, index[address.Block].Offset);
        }
        return projection.Complete();
    }

    /// <summary>Adds the events of the next block.</summary>
    /// <param name="payload">The block's raw payload.</param>
    /// <param name="firstSequence">Sequence of its first event.</param>
    /// <param name="count">Number of its events.</param>
    /// <exception cref="CorruptLogException">The payload does not hold that many well-formed events.</exception>
    /// <exception cref="IOException">A table cannot be written.</exception>
    public void Add(ReadOnlySpan<byte> payload, long firstSequence, int count)
    {
        Array.Clear(_contexts);
        var decoder = new EventDecoder(payload, ref _contexts[0]);
        long end = firstSequence + count;
        for (long sequence = firstSequence; sequence < end; sequence++)
        {
            EventHeader header = decoder.ReadEventHeader(sequence, out int kind, out int fieldCount);
            if (_tables[kind] is not { } table)
            {
                throw new CorruptLogException($"event {sequence} is of kind {kind}, which the log's catalogue lacks");
            }
            EventColumns columns = table.BeginRow(in header);
            if (_types[kind] is { } type)
            {
                type.DecodeToColumns(ref decoder, fieldCount, columns);
            }
            else
            {
                _decoders[kind]!.Decode(ref decoder, fieldCount, sequence, columns);
            }
        }
        if (!decoder.End)
        {
            throw new CorruptLogException($"{payload.Length - decoder.Position} bytes follow event {end - 1}, the last of its block");
        }
        _events += count;
    }

    /// <summary>Finishes all tables.</summary>
    /// <exception cref="IOException">A table cannot be written.</exception>
    public TableManifest Complete()
    {
        var entries = new List<TableEntry>();
        foreach (EventTable? table in _tables)
        {
            table?.Complete();
            if (table is { Parts.Count: > 0 })
            {
                entries.Add(table.Entry);
            }
        }
        return new TableManifest(_origin, _events, [.. entries.OrderBy(entry => entry.Table, StringComparer.Ordinal)]);
    }

    /// <summary>Gives up the files that are not finished.</summary>
    public void Dispose()
    {
        foreach (EventTable? table in _tables)
        {
            table?.Dispose();
        }
    }

    private static ParquetProjection Create(LogReader log, EventCatalogue build, string directory, TableOptions? options)
    {
        try
        {
            return new ParquetProjection(log.Header.Catalogue, build, directory, TableOrigin.Of(log), options);
        }
        catch (ArgumentException e)
        {
            throw new CorruptLogException($"the catalogue cannot be shown as tables: {e.Message}", LogFormat.SegmentName(0), null, 0);
        }
    }

    private void ReadBlocks(LogReader log, ref BlockAddress address, IProgress<long>? progress, CancellationToken cancellation)
    {
        if (log.First is not { } first)
        {
            return;
        }
        using var blocks = new BlockPrefetcher(log, first);
        var block = new BlockBuffer();
        while (blocks.Exchange(ref block, out address))
        {
            cancellation.ThrowIfCancellationRequested();
            Add(block.Payload, block.Header.FirstSequence, block.Header.Count);
            progress?.Report(_events);
        }
    }
}
