using System.Buffers.Binary;
using Parquet.Meta;
using Parquet.Pages;
using Parquet.Schema;

namespace Parquet;

/// <summary>
/// Writes a Parquet file to a stream, row group by row group. Disposing of it writes the footer; the stream stays open.
/// The bytes depend on schema, rows, options and metadata alone (with <see cref="CompressionMethod.Gzip"/> also on the runtime's zlib).
/// </summary>
public sealed class ParquetWriter : IAsyncDisposable
{
    private readonly Stream _output;
    private readonly List<RowGroupMetaData> _rowGroups = [];
    private ParquetRowGroupWriter? _current;
    private bool _failed;
    private bool _disposed;

    private ParquetWriter(ParquetSchema schema, Stream output, ParquetOptions options)
    {
        Schema = schema;
        _output = output;
        Options = options;
        Compressor = new PageCompressor(options.CompressionMethod, options.CompressionLevel);
        Numbers = new ColumnEncoder(Compressor);
        Strings = new StringColumnEncoder(Compressor, Numbers);
    }

    /// <summary>Metadata of the file, written with the footer.</summary>
    public IReadOnlyDictionary<string, string> CustomMetadata { get; set; } = new Dictionary<string, string>();

    internal ParquetSchema Schema { get; }

    internal ParquetOptions Options { get; }

    internal PageCompressor Compressor { get; }

    internal ColumnEncoder Numbers { get; }

    internal StringColumnEncoder Strings { get; }

    /// <summary>Bytes written so far.</summary>
    internal long Position { get; private set; }

    /// <summary>Starts a file on a writable stream, which need not be seekable.</summary>
    /// <exception cref="NotSupportedException"><paramref name="append"/> is set, or the options ask for another compression.</exception>
    /// <exception cref="ArgumentException">Two columns have the same name, or the stream cannot be written.</exception>
    public static async Task<ParquetWriter> CreateAsync(
        ParquetSchema schema,
        Stream output,
        ParquetOptions? options = null,
        bool append = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(output);
        if (append)
        {
            throw new NotSupportedException("Appending to a Parquet file is not supported; write a new file.");
        }

        if (!output.CanWrite)
        {
            throw new ArgumentException("The stream cannot be written.", nameof(output));
        }

        string? twice = schema.DataFields.GroupBy(field => field.Name, StringComparer.Ordinal).FirstOrDefault(names => names.Skip(1).Any())?.Key;
        if (twice is not null)
        {
            throw new ArgumentException($"Two columns are named '{twice}'.", nameof(schema));
        }

        var writer = new ParquetWriter(schema, output, options ?? new ParquetOptions());
        await writer.WriteAsync(FileLayout.Magic.ToArray(), cancellationToken).ConfigureAwait(false);
        return writer;
    }

    /// <summary>Starts the next row group.</summary>
    /// <exception cref="InvalidOperationException">The row group before lacks columns, or the writer has failed or is disposed of.</exception>
    public ParquetRowGroupWriter CreateRowGroup()
    {
        ThrowIfDisposed();
        _current?.CompleteValidate();
        _current = new ParquetRowGroupWriter(this);
        return _current;
    }

    /// <summary>
    /// Writes the footer. If a write has failed, or the last row group has some of its columns but not all, nothing is written:
    /// a file without footer is no Parquet file, so that no reader takes it for whole.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_failed || _current is { IsUnfinished: true })
        {
            return;
        }

        var footer = new ByteBuffer();
        FooterWriter.Write(footer, Schema, _rowGroups, CustomMetadata);
        int length = footer.Length;
        BinaryPrimitives.WriteInt32LittleEndian(footer.Reserve(sizeof(int)), length);
        footer.Advance(sizeof(int));
        footer.Write(FileLayout.Magic);
        await WriteAsync(footer.WrittenMemory, CancellationToken.None).ConfigureAwait(false);
        await _output.FlushAsync().ConfigureAwait(false);
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    internal void Add(RowGroupMetaData group) => _rowGroups.Add(group);

    internal async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (_failed)
        {
            throw new InvalidOperationException("An earlier write to this Parquet file failed.");
        }

        // Set before the write and reset after it: an exception in between leaves the writer failed.
        _failed = true;
        await _output.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        Position += bytes.Length;
        _failed = false;
    }
}
