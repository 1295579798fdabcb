namespace Sim.Kernel.Mm;

/// <summary>A place in an <see cref="AreaIndex"/>; valid until the index changes.</summary>
/// <param name="Chunk">Position of the chunk; -1 before the first area.</param>
/// <param name="Slot">Position in the chunk.</param>
public readonly record struct AreaCursor(int Chunk, int Slot);

/// <summary>
/// The areas of one address space in address order. Where the kernel has a maple tree (lib/maple_tree.c), this is a
/// sorted sequence of chunks of at most <see cref="ChunkCapacity"/> areas: a search is two binary searches, an insertion
/// moves at most one chunk, and each chunk knows its widest gap, so that placement skips whole chunks. Allocates nothing
/// once grown. Sourced state; its shape follows from the order of the events alone.
/// </summary>
public sealed class AreaIndex
{
    /// <summary>Most areas in a chunk.</summary>
    public const int ChunkCapacity = 128;

    private const int MergeBelow = ChunkCapacity / 2;

    // By chunk id: chunk c owns the slots from c * ChunkCapacity.
    private ulong[] _starts = new ulong[ChunkCapacity];
    private ulong[] _ends = new ulong[ChunkCapacity];
    private int[] _handles = new int[ChunkCapacity];
    private int[] _counts = new int[1];
    private int[] _freeChunks = new int[1];
    private int _freeChunkCount;
    private int _chunkIds;

    // By position: the chunks in address order. A widest gap of -1 is to be computed again.
    private int[] _order = new int[1];
    private ulong[] _firstStart = new ulong[1];
    private long[] _widestGap = new long[1];
    private int _chunks;

    /// <summary>Number of areas (<c>map_count</c>).</summary>
    public int Count { get; private set; }

    /// <summary>The first area; not <see cref="IsValid"/> when there is none.</summary>
    public static AreaCursor First => new(0, 0);

    /// <summary>The last area; not <see cref="IsValid"/> when there is none.</summary>
    public AreaCursor Last => _chunks == 0 ? new(-1, 0) : new(_chunks - 1, _counts[_order[_chunks - 1]] - 1);

    /// <summary>True when the cursor stands on an area.</summary>
    public bool IsValid(AreaCursor at) => (uint)at.Chunk < (uint)_chunks;

    /// <summary>Handle of the area at a valid cursor.</summary>
    public int Handle(AreaCursor at) => _handles[Base(at) + at.Slot];

    /// <summary>Start of the area at a valid cursor.</summary>
    public ulong Start(AreaCursor at) => _starts[Base(at) + at.Slot];

    /// <summary>End of the area at a valid cursor.</summary>
    public ulong End(AreaCursor at) => _ends[Base(at) + at.Slot];

    /// <summary>The area behind a valid cursor (<c>vm_next</c>).</summary>
    public AreaCursor Next(AreaCursor at) =>
        at.Slot + 1 < _counts[_order[at.Chunk]] ? new(at.Chunk, at.Slot + 1) : new(at.Chunk + 1, 0);

    /// <summary>The area before a cursor, which may be the one behind the last area (<c>vm_prev</c>).</summary>
    public AreaCursor Previous(AreaCursor at) =>
        at.Slot > 0 ? new(at.Chunk, at.Slot - 1)
        : at.Chunk > 0 ? new(at.Chunk - 1, _counts[_order[at.Chunk - 1]] - 1)
        : new(-1, 0);

    /// <summary>The first area that ends above the address (<c>find_vma</c>); behind the last when there is none.</summary>
    public AreaCursor Find(ulong address)
    {
        if (_chunks == 0)
        {
            return new(0, 0);
        }
        int chunk = Math.Max(UpperBound(_firstStart.AsSpan(0, _chunks), address) - 1, 0);
        int first = _order[chunk] * ChunkCapacity, count = _counts[_order[chunk]];
        int slot = UpperBound(_ends.AsSpan(first, count), address);
        return slot < count ? new(chunk, slot) : new(chunk + 1, 0);
    }

    /// <summary>Adds an area, which overlaps none.</summary>
    public void Insert(ulong start, ulong end, int handle)
    {
        AreaCursor at = Find(start);
        int chunk, slot;
        if (_chunks == 0)
        {
            OpenChunk(0);
            (chunk, slot) = (0, 0);
        }
        else if (at.Slot == 0 && at.Chunk > 0)
        {
            chunk = at.Chunk - 1;
            slot = _counts[_order[chunk]];
        }
        else
        {
            (chunk, slot) = (at.Chunk, at.Slot);
        }
        if (_counts[_order[chunk]] == ChunkCapacity)
        {
            Split(chunk);
            if (slot > ChunkCapacity / 2)
            {
                chunk++;
                slot -= ChunkCapacity / 2;
            }
        }
        int id = _order[chunk], i = id * ChunkCapacity + slot, moved = _counts[id] - slot;
        Array.Copy(_starts, i, _starts, i + 1, moved);
        Array.Copy(_ends, i, _ends, i + 1, moved);
        Array.Copy(_handles, i, _handles, i + 1, moved);
        _starts[i] = start;
        _ends[i] = end;
        _handles[i] = handle;
        _counts[id]++;
        Count++;
        Touch(chunk);
    }

    /// <summary>Removes the area at a valid cursor.</summary>
    /// <returns>The area that was behind it.</returns>
    public AreaCursor Remove(AreaCursor at)
    {
        int id = _order[at.Chunk], i = id * ChunkCapacity + at.Slot, moved = --_counts[id] - at.Slot;
        Array.Copy(_starts, i + 1, _starts, i, moved);
        Array.Copy(_ends, i + 1, _ends, i, moved);
        Array.Copy(_handles, i + 1, _handles, i, moved);
        Count--;
        if (_counts[id] == 0)
        {
            CloseChunk(at.Chunk);
            if (at.Chunk < _chunks)
            {
                _widestGap[at.Chunk] = -1;
            }
            return new(at.Chunk, 0);
        }
        Touch(at.Chunk);
        if (at.Chunk + 1 < _chunks && _counts[id] + _counts[_order[at.Chunk + 1]] <= MergeBelow)
        {
            Join(at.Chunk);
        }
        else if (at.Chunk > 0 && _counts[id] + _counts[_order[at.Chunk - 1]] <= MergeBelow)
        {
            int before = _counts[_order[at.Chunk - 1]];
            Join(at.Chunk - 1);
            at = new(at.Chunk - 1, before + at.Slot);
        }
        return at.Slot < _counts[_order[at.Chunk]] ? at : new(at.Chunk + 1, 0);
    }

    /// <summary>Moves the bounds of the area at a valid cursor, over no other area.</summary>
    public void SetBounds(AreaCursor at, ulong start, ulong end)
    {
        int i = Base(at) + at.Slot;
        _starts[i] = start;
        _ends[i] = end;
        Touch(at.Chunk);
    }

    /// <summary>
    /// The widest gap before any area of the chunk, in bytes, the one to the last area of the chunk before included.
    /// The first chunk counts from address 0.
    /// </summary>
    internal long WidestGap(int chunk)
    {
        long widest = _widestGap[chunk];
        if (widest >= 0)
        {
            return widest;
        }
        int id = _order[chunk], first = id * ChunkCapacity, count = _counts[id];
        ulong end = 0;
        if (chunk > 0)
        {
            int before = _order[chunk - 1];
            end = _ends[before * ChunkCapacity + _counts[before] - 1];
        }
        widest = (long)(_starts[first] - end);
        for (int i = first + 1; i < first + count; i++)
        {
            widest = Math.Max(widest, (long)(_starts[i] - _ends[i - 1]));
        }
        _widestGap[chunk] = widest;
        return widest;
    }

    /// <summary>The last area of a chunk.</summary>
    internal AreaCursor LastOf(int chunk) => new(chunk, _counts[_order[chunk]] - 1);

    /// <summary>The nearest chunk, going down from one, that has a gap of a length before one of its areas; the first if none has.</summary>
    internal int ChunkWithGapDownFrom(int chunk, ulong length)
    {
        ReadOnlySpan<long> widest = _widestGap.AsSpan(0, chunk + 1);
        for (; chunk > 0; chunk--)
        {
            // A gap not computed yet reads as the widest of all.
            if ((ulong)widest[chunk] >= length && (ulong)WidestGap(chunk) >= length)
            {
                break;
            }
        }
        return chunk;
    }

    /// <summary>Number of chunks, for placement.</summary>
    internal int Chunks => _chunks;

    private int Base(AreaCursor at) => _order[at.Chunk] * ChunkCapacity;

    private static int UpperBound(ReadOnlySpan<ulong> keys, ulong key)
    {
        int low = 0, high = keys.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (keys[middle] > key)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    private void Touch(int chunk)
    {
        _firstStart[chunk] = _starts[_order[chunk] * ChunkCapacity];
        _widestGap[chunk] = -1;
        if (chunk + 1 < _chunks)
        {
            _widestGap[chunk + 1] = -1;
        }
    }

    private void Split(int chunk)
    {
        OpenChunk(chunk + 1);
        Move(chunk, ChunkCapacity / 2, chunk + 1, ChunkCapacity / 2);
        Touch(chunk);
        Touch(chunk + 1);
    }

    private void Join(int chunk)
    {
        Move(chunk + 1, 0, chunk, _counts[_order[chunk + 1]]);
        CloseChunk(chunk + 1);
        Touch(chunk);
    }

    /// <summary>Moves slots to the end of another chunk.</summary>
    private void Move(int from, int slot, int to, int count)
    {
        int source = _order[from] * ChunkCapacity + slot, target = _order[to] * ChunkCapacity + _counts[_order[to]];
        Array.Copy(_starts, source, _starts, target, count);
        Array.Copy(_ends, source, _ends, target, count);
        Array.Copy(_handles, source, _handles, target, count);
        _counts[_order[from]] -= count;
        _counts[_order[to]] += count;
    }

    private void OpenChunk(int position)
    {
        int id;
        if (_freeChunkCount > 0)
        {
            id = _freeChunks[--_freeChunkCount];
        }
        else
        {
            id = _chunkIds++;
            if (id == _counts.Length)
            {
                int chunks = id * 2;
                Array.Resize(ref _counts, chunks);
                Array.Resize(ref _freeChunks, chunks);
                Array.Resize(ref _order, chunks);
                Array.Resize(ref _firstStart, chunks);
                Array.Resize(ref _widestGap, chunks);
                Array.Resize(ref _starts, chunks * ChunkCapacity);
                Array.Resize(ref _ends, chunks * ChunkCapacity);
                Array.Resize(ref _handles, chunks * ChunkCapacity);
            }
        }
        _counts[id] = 0;
        int moved = _chunks - position;
        Array.Copy(_order, position, _order, position + 1, moved);
        Array.Copy(_firstStart, position, _firstStart, position + 1, moved);
        Array.Copy(_widestGap, position, _widestGap, position + 1, moved);
        _order[position] = id;
        _widestGap[position] = -1;
        _chunks++;
    }

    private void CloseChunk(int position)
    {
        _freeChunks[_freeChunkCount++] = _order[position];
        int moved = --_chunks - position;
        Array.Copy(_order, position + 1, _order, position, moved);
        Array.Copy(_firstStart, position + 1, _firstStart, position, moved);
        Array.Copy(_widestGap, position + 1, _widestGap, position, moved);
    }
}
