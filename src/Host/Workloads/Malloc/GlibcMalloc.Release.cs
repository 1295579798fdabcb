namespace Sim.Host.Workloads.Malloc;

/// <content>What becomes of freed chunks.</content>
internal sealed partial class GlibcMalloc
{
    /// <summary>FASTBIN_CONSOLIDATION_THRESHOLD: a free space this large is worth merging the fastbins, and looking at the top.</summary>
    private const ulong ConsolidationBytes = 64 << 10;

    /// <summary>malloc_trim(3): gives back whole pages inside free chunks, and of the top all but a pad.</summary>
    /// <param name="padBytes">What to keep.</param>
    public void Trim(ulong padBytes)
    {
        LibraryCalls++;
        ConsolidateFastBins();
        int pageBin = _abi.BinOf(MallocAbi.PageBytes);
        for (int bin = FreeBins.Unsorted; bin < FreeBins.Count; bin = Math.Max(bin + 1, pageBin))
        {
            for (int chunk = _bins.Last(bin); chunk != None; chunk = _chunks[chunk].Previous)
            {
                ulong begin = MallocAbi.RoundUp(_chunks[chunk].Address + _abi.ChunkStructBytes, MallocAbi.PageBytes);
                ulong end = (_chunks[chunk].Address + _chunks[chunk].Bytes) & ~(MallocAbi.PageBytes - 1);
                if (end > begin)
                {
                    _kernel.DontNeed(begin, end - begin);
                }
            }
        }
        TrimTop(padBytes);
    }

    /// <summary>To the thread cache or a fastbin, else merged with its neighbours to the unsorted chunks or the top (_int_free).</summary>
    private void Release(int chunk)
    {
        ulong bytes = _chunks[chunk].Bytes;
        if (_hasCache && _cache.HasRoom(bytes))
        {
            _cache.Put(bytes, chunk);
            return;
        }
        if (_fast.Takes(bytes))
        {
            _fast.Put(bytes, chunk);
            return;
        }
        if (_chunks[Merge(chunk)].Bytes < ConsolidationBytes)
        {
            return;
        }
        if (_fast.IsFilled)
        {
            ConsolidateFastBins();
        }
        if (_chunks[_top].Bytes >= Tuning.TrimThresholdBytes)
        {
            TrimTop(Tuning.TopPadBytes);
        }
    }

    /// <summary>A used chunk becomes one with the free chunks beside it.</summary>
    /// <returns>The free chunk or top that holds it now.</returns>
    private int Merge(int chunk)
    {
        int below = _chunks[chunk].Below;
        if (below != None && _chunks[below].State == ChunkState.Free)
        {
            _bins.Remove(below);
            _chunks.Absorb(below);
            chunk = below;
        }
        int above = _chunks[chunk].Above;
        if (above == _top)
        {
            _chunks.Absorb(chunk);
            _chunks[chunk].State = ChunkState.Top;
            _top = chunk;
            return chunk;
        }
        if (_chunks[above].State == ChunkState.Free)
        {
            _bins.Remove(above);
            _chunks.Absorb(chunk);
        }
        _bins.AddFirst(FreeBins.Unsorted, chunk);
        return chunk;
    }

    /// <summary>malloc_consolidate.</summary>
    private void ConsolidateFastBins()
    {
        _fast.IsFilled = false;
        for (int stack = 0; stack < _fast.Stacks; stack++)
        {
            for (int chunk = _fast.Pop(stack); chunk != None; chunk = _fast.Pop(stack))
            {
                Merge(chunk);
            }
        }
    }

    /// <summary>Moves the break down, unless someone else moved it (systrim).</summary>
    private void TrimTop(ulong padBytes)
    {
        ulong topBytes = _top == None ? 0 : _chunks[_top].Bytes;
        if (topBytes <= _abi.MinChunkBytes + 1 + padBytes)
        {
            return;
        }
        ulong extra = (topBytes - _abi.MinChunkBytes - 1 - padBytes) & ~(MallocAbi.PageBytes - 1);
        ulong? current = _break.Move(0);
        if (extra == 0 || current != _chunks[_top].Address + topBytes)
        {
            return;
        }
        _break.Move(-(long)extra);
        _chunks[_top].Bytes = topBytes - (current.Value - _break.Move(0)!.Value);
    }
}
