using System.Buffers.Binary;
using Parquet.Meta;
using Parquet.Schema;

namespace Parquet;

/// <summary>
/// Reads flat Parquet files with version 1 data pages: what <see cref="ParquetWriter"/> writes, and much of what others do.
/// Files may be anything: damage gives a <see cref="ParquetException"/>, and no length is believed that the bytes cannot hold.
/// </summary>
public class ParquetReader : IAsyncDisposable
{
    private readonly Stream _input;
    private readonly bool _leaveStreamOpen;
    private readonly FileMetaData _metaData;

    private ParquetReader(Stream input, bool leaveStreamOpen, FileMetaData metaData)
    {
        _input = input;
        _leaveStreamOpen = leaveStreamOpen;
        _metaData = metaData;
        RowGroups = [.. metaData.RowGroups.Select(group => new ParquetRowGroupReader(input, metaData.Schema, group))];
    }

    public ParquetSchema Schema => _metaData.Schema;

    /// <summary>Metadata of the file.</summary>
    public Dictionary<string, string> CustomMetadata => _metaData.CustomMetadata;

    public int RowGroupCount => RowGroups.Count;

    public IReadOnlyList<ParquetRowGroupReader> RowGroups { get; }

    /// <summary>Opens a file and reads its footer.</summary>
    /// <exception cref="ParquetException">The file is damaged, is no Parquet file, or is not supported.</exception>
    public static async Task<ParquetReader> CreateAsync(
        string filePath, ParquetOptions? parquetOptions = null, CancellationToken cancellationToken = default)
    {
        FileStream file = File.OpenRead(filePath);
        try
        {
            return await CreateAsync(file, parquetOptions, leaveStreamOpen: false, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await file.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads the footer of a seekable stream.</summary>
    /// <exception cref="ArgumentException">The stream cannot be read or is not seekable.</exception>
    /// <inheritdoc cref="CreateAsync(string, ParquetOptions?, CancellationToken)"/>
    public static async Task<ParquetReader> CreateAsync(
        Stream input, ParquetOptions? parquetOptions = null, bool leaveStreamOpen = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (!input.CanRead || !input.CanSeek)
        {
            throw new ArgumentException("The stream must be readable and seekable.", nameof(input));
        }

        byte[] footer = await ReadFooterAsync(input, cancellationToken).ConfigureAwait(false);
        return new ParquetReader(input, leaveStreamOpen, FooterReader.Read(footer));
    }

    /// <exception cref="ArgumentOutOfRangeException">There is no such row group.</exception>
    public ParquetRowGroupReader OpenRowGroupReader(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RowGroupCount);
        return RowGroups[index];
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!_leaveStreamOpen)
        {
            await _input.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<byte[]> ReadFooterAsync(Stream input, CancellationToken cancellationToken)
    {
        int magicLength = FileLayout.Magic.Length;
        if (input.Length < magicLength + FileLayout.TailLength)
        {
            throw new ParquetException($"Not a Parquet file: it has {input.Length} bytes.");
        }

        byte[] head = await StreamBytes.ReadAsync(input, 0, magicLength, cancellationToken).ConfigureAwait(false);
        long tailOffset = input.Length - FileLayout.TailLength;
        byte[] tail = await StreamBytes.ReadAsync(input, tailOffset, FileLayout.TailLength, cancellationToken).ConfigureAwait(false);
        if (!head.AsSpan().SequenceEqual(FileLayout.Magic) || !tail.AsSpan(sizeof(int)).SequenceEqual(FileLayout.Magic))
        {
            throw new ParquetException("Not a Parquet file, or one without its end: it does not begin and end with PAR1.");
        }

        int footerLength = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (footerLength < 0 || footerLength > tailOffset - magicLength)
        {
            throw new ParquetException($"Damaged Parquet file: a footer of {footerLength} bytes in a file of {input.Length}.");
        }

        return await StreamBytes.ReadAsync(input, tailOffset - footerLength, footerLength, cancellationToken).ConfigureAwait(false);
    }
}
