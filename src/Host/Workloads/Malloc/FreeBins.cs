namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// Lists of free chunks: one of chunks not sorted yet, one for each small size, and for ranges of larger sizes one that is sorted, greatest
/// first. New chunks come in at a list's front; of equals the oldest but one goes first, for the first of a size stays a while (glibc's
/// skip list hangs on it).
/// </summary>
internal sealed class FreeBins
{
    /// <summary>Chunks freed or left over lately.</summary>
    public const int Unsorted = 1;

    /// <summary>One more than the greatest bin.</summary>
    public const int Count = 127;

    private const int None = ChunkTable.None;

    private readonly ChunkTable _chunks;
    private readonly int[] _first = new int[Count];
    private readonly int[] _last = new int[Count];

    /// <summary>Empty bins.</summary>
    public FreeBins(ChunkTable chunks)
    {
        _chunks = chunks;
        _first.AsSpan().Fill(None);
        _last.AsSpan().Fill(None);
    }

    /// <summary>A bin's first chunk, or none.</summary>
    public int First(int bin) => _first[bin];

    /// <summary>A bin's last chunk, or none.</summary>
    public int Last(int bin) => _last[bin];

    /// <summary>Puts a chunk at a bin's front, free.</summary>
    public void AddFirst(int bin, int chunk) => Insert(bin, chunk, _first[bin]);

    /// <summary>Puts a chunk where its size belongs in a sorted bin, behind the first of its size.</summary>
    public void AddSorted(int bin, int chunk)
    {
        ulong bytes = _chunks[chunk].Bytes;
        int before = _first[bin];
        if (_last[bin] != None && bytes < _chunks[_last[bin]].Bytes)
        {
            before = None;
        }
        while (before != None && bytes < _chunks[before].Bytes)
        {
            before = _chunks[before].Next;
        }
        if (before != None && bytes == _chunks[before].Bytes)
        {
            before = _chunks[before].Next;
        }
        Insert(bin, chunk, before);
    }

    /// <summary>The chunk of a sorted bin that fits best, or none: of the least size that does, the second, or the only one.</summary>
    public int BestFit(int bin, ulong bytes)
    {
        if (_first[bin] == None || _chunks[_first[bin]].Bytes < bytes)
        {
            return None;
        }
        int fit = _last[bin];
        while (_chunks[fit].Bytes < bytes)
        {
            fit = _chunks[fit].Previous;
        }
        // From the last of its size to the first.
        int first = fit;
        while (_chunks[first].Previous != None && _chunks[_chunks[first].Previous].Bytes == _chunks[fit].Bytes)
        {
            first = _chunks[first].Previous;
        }
        return first == fit ? fit : _chunks[first].Next;
    }

    /// <summary>The first bin from a number on that has a chunk, or <see cref="Count"/>.</summary>
    public int NextFilled(int bin)
    {
        while (bin < Count && _first[bin] == None)
        {
            bin++;
        }
        return bin;
    }

    /// <summary>Takes a chunk off its bin; it is used from now on.</summary>
    public void Remove(int chunk)
    {
        ref Chunk removed = ref _chunks[chunk];
        SetNext(removed.Bin, removed.Previous, removed.Next);
        SetPrevious(removed.Bin, removed.Next, removed.Previous);
        removed.State = ChunkState.Used;
    }

    private void Insert(int bin, int chunk, int before)
    {
        int after = before == None ? _last[bin] : _chunks[before].Previous;
        ref Chunk added = ref _chunks[chunk];
        (added.State, added.Bin, added.Next, added.Previous) = (ChunkState.Free, (byte)bin, before, after);
        SetNext(bin, after, chunk);
        SetPrevious(bin, before, chunk);
    }

    private void SetNext(int bin, int chunk, int next)
    {
        if (chunk == None)
        {
            _first[bin] = next;
        }
        else
        {
            _chunks[chunk].Next = next;
        }
    }

    private void SetPrevious(int bin, int chunk, int previous)
    {
        if (chunk == None)
        {
            _last[bin] = previous;
        }
        else
        {
            _chunks[chunk].Previous = previous;
        }
    }
}
