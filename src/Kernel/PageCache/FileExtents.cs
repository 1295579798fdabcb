namespace Sim.Kernel.PageCache;

/// <summary>
/// Where files lie on their disk: in the order in which they are first used, each as a whole as far as its length is known then;
/// what comes later, 2 MiB at a time, behind all others. Execution state.
/// </summary>
internal sealed class FileExtents
{
    /// <summary>Pages that lie together in any case: 2^9.</summary>
    private const int ChunkShift = 9;

    /// <summary>Most chunks laid out at once: 128 MiB, an extent of ext4.</summary>
    private const long MostChunks = 64;

    private readonly Dictionary<(int File, long Chunk), long> _chunks = [];
    private readonly long _firstPage, _diskPages;
    private long _next;

    /// <param name="firstPage">Where files begin on the disk.</param>
    /// <param name="diskPages">Pages of the disk.</param>
    public FileExtents(long firstPage, long diskPages)
    {
        _firstPage = _next = firstPage;
        _diskPages = diskPages;
    }

    /// <summary>The page of the disk that holds a page of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="pgoff">The page.</param>
    /// <param name="length">The file's length in pages, as far as it is known.</param>
    public long PageOf(int file, long pgoff, long length)
    {
        long chunk = pgoff >> ChunkShift;
        if (!_chunks.TryGetValue((file, chunk), out long page))
        {
            long end = Math.Clamp((length + (1 << ChunkShift) - 1) >> ChunkShift, chunk + 1, chunk + MostChunks);
            for (long at = chunk; at < end && !_chunks.ContainsKey((file, at)); at++)
            {
                _chunks.Add((file, at), _next);
                _next += 1 << ChunkShift;
                // A disk that is too small for all files shows the first ones' places again.
                _next = _next + (1 << ChunkShift) > _diskPages ? _firstPage : _next;
            }
            page = _chunks[(file, chunk)];
        }
        return page + (pgoff & ((1 << ChunkShift) - 1));
    }
}
