using System.Globalization;
using Parquet;
using Sim.Engine.Log;

namespace Sim.Engine.Tables;

/// <summary>
/// One file of a table. It has a name that readers of the folder pass over until it is whole and on the disk; a file
/// given up leaves nothing behind. Writing blocks: the package's methods are asynchronous, a file is not.
/// </summary>
internal sealed class PartFile : IDisposable
{
    private readonly string _directory;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly ParquetWriter _writer;
    private bool _closed;

    public PartFile(string directory, int number, TableSchema schema, TableOrigin origin)
    {
        _directory = directory;
        Name = string.Create(CultureInfo.InvariantCulture, $"part-{number:D5}.parquet");
        _temporary = Path.Combine(directory, $"_{Name}.inprogress");
        _stream = new FileStream(_temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            var options = new ParquetOptions { CompressionMethod = CompressionMethod.Snappy };
            schema.HintTo(options);
            _writer = ParquetWriter.CreateAsync(schema.ToParquet(), _stream, options).GetAwaiter().GetResult();
            _writer.CustomMetadata = origin.MetadataOf(schema);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Its final name.</summary>
    public string Name { get; }

    /// <summary>Rows in it.</summary>
    public long Rows { get; set; }

    /// <summary>Bytes written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Starts the next row group.</summary>
    public ParquetRowGroupWriter CreateRowGroup() => _writer.CreateRowGroup();

    /// <summary>Notes how long the file has become.</summary>
    public void Measure() => Bytes = _stream.Position;

    /// <summary>Writes the footer, forces the file to the disk and gives it its name.</summary>
    public void Finish()
    {
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Measure();
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, Path.Combine(_directory, Name), overwrite: true);
        _closed = true;
        new DirectoryStorage(_directory).SyncDirectory();
    }

    /// <summary>Gives the file up unless it is finished.</summary>
    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _stream.Dispose();
            File.Delete(_temporary);
        }
    }
}
