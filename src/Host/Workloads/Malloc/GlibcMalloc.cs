namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// The malloc of glibc 2.36 for one thread (malloc/malloc.c: ptmalloc's main arena with its thread cache). Which memory a call gets and which
/// system calls it makes are glibc's; the bookkeeping is a table beside the heap instead of headers in it.
/// </summary>
/// <remarks>Other threads' arenas are not modelled; nor are tunables, nor huge pages (glibc.malloc.hugetlb), which are off by default.</remarks>
internal sealed partial class GlibcMalloc
{
    /// <summary>MAX_ITERS: chunks that one call sorts at most.</summary>
    private const int MaxSorted = 10_000;

    private const int None = ChunkTable.None;

    private readonly MallocAbi _abi;
    private readonly IMemoryCalls _kernel;
    private readonly ProgramBreak _break;
    private readonly ChunkTable _chunks = new();
    private readonly FreeBins _bins;
    private readonly FastBins _fast;
    private readonly ThreadCache _cache;
    private bool _hasCache;
    private int _top = None;
    private ulong _lastRemainder;

    /// <summary>A heap not yet begun.</summary>
    /// <param name="abi">The machine's sizes.</param>
    /// <param name="kernel">Answers system calls.</param>
    /// <param name="programBreak">The C library's break, which others in the library move too.</param>
    public GlibcMalloc(MallocAbi abi, IMemoryCalls kernel, ProgramBreak programBreak)
    {
        _abi = abi;
        _kernel = kernel;
        _break = programBreak;
        _bins = new FreeBins(_chunks);
        _fast = new FastBins(_chunks, abi);
        _cache = new ThreadCache(_chunks, abi);
    }

    /// <summary>What mallopt changes.</summary>
    public MallocTuning Tuning { get; } = new();

    /// <summary>Calls of the library so far.</summary>
    public long LibraryCalls { get; private set; }

    /// <summary>malloc(3).</summary>
    /// <returns>The block's address; 0 with no memory.</returns>
    public ulong Malloc(ulong bytes)
    {
        LibraryCalls++;
        return _abi.ChunkBytes(bytes) is not { } wanted ? 0 : UserAddress(Cached(wanted) is var cached && cached != None ? cached : Allocate(wanted));
    }

    /// <summary>calloc(3) of one element; it does not look into the thread cache.</summary>
    /// <returns>The block's address; 0 with no memory.</returns>
    public ulong Calloc(ulong bytes)
    {
        LibraryCalls++;
        EnsureCache();
        return _abi.ChunkBytes(bytes) is { } wanted ? UserAddress(Allocate(wanted)) : 0;
    }

    /// <summary>free(3).</summary>
    /// <param name="address">A block's address, or 0.</param>
    /// <exception cref="ArgumentException">It is no block in use, which ends a real program.</exception>
    public void Free(ulong address)
    {
        LibraryCalls++;
        if (address != 0)
        {
            int chunk = ChunkOf(address);
            if (_chunks[chunk].State == ChunkState.Mapped)
            {
                Tuning.Freed(_chunks[chunk].Bytes, _abi.MaxMmapThresholdBytes);
                Unmap(chunk);
            }
            else
            {
                EnsureCache();
                Release(chunk);
            }
        }
    }

    /// <summary>malloc_usable_size(3).</summary>
    /// <exception cref="ArgumentException">It is no block in use.</exception>
    public ulong UsableBytes(ulong address)
    {
        ref Chunk chunk = ref _chunks[ChunkOf(address)];
        return chunk.Bytes - (chunk.State == ChunkState.Mapped ? _abi.HeaderBytes : _abi.WordBytes);
    }

    /// <summary>mallopt(3) merges the fastbins first, whatever it is asked to set.</summary>
    /// <param name="set">Sets one of <see cref="Tuning"/>.</param>
    public void Mallopt(Action<MallocTuning> set)
    {
        LibraryCalls++;
        ConsolidateFastBins();
        set(Tuning);
    }

    private int ChunkOf(ulong address)
    {
        int chunk = _chunks.At(unchecked(address - _abi.HeaderBytes));
        return chunk != None && _chunks[chunk].State is ChunkState.Used or ChunkState.Mapped
            ? chunk
            : throw new ArgumentException($"free(): invalid pointer 0x{address:x}", nameof(address));
    }

    private ulong UserAddress(int chunk) => chunk == None ? 0 : _chunks[chunk].Address + _abi.HeaderBytes;

    private int Cached(ulong wanted)
    {
        EnsureCache();
        return _hasCache ? _cache.Take(wanted) : None;
    }

    /// <summary>The thread cache is itself a block of the heap (tcache_init).</summary>
    private void EnsureCache()
    {
        if (!_hasCache)
        {
            _hasCache = Allocate(_abi.ChunkBytes(_abi.ThreadCacheBytes)!.Value) != None;
        }
    }

    /// <summary>A chunk from fastbins, bins, top or the system, in this order (_int_malloc).</summary>
    private int Allocate(ulong wanted)
    {
        int chunk = _fast.Takes(wanted) ? FromFastBin(wanted) : None;
        bool small = wanted < _abi.MinLargeBytes;
        if (chunk == None && small)
        {
            chunk = FromSmallBin(wanted);
        }
        if (chunk != None)
        {
            return chunk;
        }
        if (!small && _fast.IsFilled)
        {
            ConsolidateFastBins();
        }
        while (true)
        {
            chunk = SortUntilFit(wanted, small);
            if (chunk == None)
            {
                chunk = FromLargerChunk(wanted, small);
            }
            if (chunk == None && _top != None && _chunks[_top].Bytes >= wanted + _abi.MinChunkBytes)
            {
                chunk = CutTop(wanted);
            }
            if (chunk != None || !_fast.IsFilled)
            {
                return chunk != None ? chunk : FromSystem(wanted);
            }
            ConsolidateFastBins();
        }
    }

    private int FromFastBin(ulong wanted)
    {
        int chunk = _fast.Take(wanted);
        while (chunk != None && _hasCache && _cache.HasRoom(wanted) && _fast.Take(wanted) is var more && more != None)
        {
            _cache.Put(wanted, more);
        }
        return chunk;
    }

    private int FromSmallBin(ulong wanted)
    {
        int bin = _abi.BinOf(wanted);
        int chunk = _bins.Last(bin);
        if (chunk == None)
        {
            return None;
        }
        _bins.Remove(chunk);
        while (_hasCache && _cache.HasRoom(wanted) && _bins.Last(bin) is var more && more != None)
        {
            _bins.Remove(more);
            _cache.Put(wanted, more);
        }
        return chunk;
    }

    /// <summary>
    /// Sorts the unsorted chunks into bins. Chunks that fit exactly fill the thread cache, and one of them is the answer; so is the last
    /// remainder if a small request finds it alone, for locality.
    /// </summary>
    private int SortUntilFit(ulong wanted, bool small)
    {
        bool cached = false;
        int sorted = 0;
        for (int chunk = _bins.Last(FreeBins.Unsorted); chunk != None && sorted < MaxSorted; chunk = _bins.Last(FreeBins.Unsorted))
        {
            ulong bytes = _chunks[chunk].Bytes;
            if (small && _chunks[chunk].Address == _lastRemainder && chunk == _bins.First(FreeBins.Unsorted) && bytes > wanted + _abi.MinChunkBytes)
            {
                _bins.Remove(chunk);
                _lastRemainder = _chunks[CutRemainder(chunk, wanted)].Address;
                return chunk;
            }
            _bins.Remove(chunk);
            if (bytes == wanted)
            {
                if (!_hasCache || !_cache.HasRoom(wanted))
                {
                    return chunk;
                }
                _cache.Put(wanted, chunk);
                cached = true;
                continue;
            }
            int bin = _abi.BinOf(bytes);
            if (bytes < _abi.MinLargeBytes)
            {
                _bins.AddFirst(bin, chunk);
            }
            else
            {
                _bins.AddSorted(bin, chunk);
            }
            sorted++;
        }
        return cached ? _cache.Take(wanted) : None;
    }

    /// <summary>The best fit from the request's own bin if that holds a range of sizes, else from the next larger one that holds anything.</summary>
    private int FromLargerChunk(ulong wanted, bool small)
    {
        int bin = _abi.BinOf(wanted);
        int chunk = small ? None : _bins.BestFit(bin, wanted);
        bool fromOwnBin = chunk != None;
        if (!fromOwnBin)
        {
            bin = _bins.NextFilled(bin + 1);
            if (bin == FreeBins.Count)
            {
                return None;
            }
            chunk = _bins.Last(bin);
        }
        _bins.Remove(chunk);
        if (_chunks[chunk].Bytes - wanted >= _abi.MinChunkBytes)
        {
            int remainder = CutRemainder(chunk, wanted);
            if (small)
            {
                _lastRemainder = _chunks[remainder].Address;
            }
        }
        return chunk;
    }

    private int CutRemainder(int chunk, ulong wanted)
    {
        int remainder = _chunks.Split(chunk, wanted, ChunkState.Free);
        _bins.AddFirst(FreeBins.Unsorted, remainder);
        return remainder;
    }

    private int CutTop(ulong wanted)
    {
        int chunk = _top;
        _top = _chunks.Split(chunk, wanted, ChunkState.Top);
        _chunks[chunk].State = ChunkState.Used;
        return chunk;
    }
}
