namespace Sim.Host.Workloads.Malloc;

/// <content>Memory from the kernel (sysmalloc).</content>
internal sealed partial class GlibcMalloc
{
    /// <summary>MMAP_AS_MORECORE_SIZE: the least that a heap which cannot grow by brk is continued with.</summary>
    private const ulong LeastFallbackBytes = 1 << 20;

    private int _mappings;
    private bool _isContiguous = true;

    /// <summary>A mapping for a large chunk, else more heap, from which the chunk is cut.</summary>
    private int FromSystem(ulong wanted)
    {
        bool map = wanted >= Tuning.MmapThresholdBytes && _mappings < Tuning.MaxMappings;
        if (map && Map(wanted) is var mapped && mapped != None)
        {
            return mapped;
        }
        return Grow(wanted) && _chunks[_top].Bytes >= wanted + _abi.MinChunkBytes ? CutTop(wanted) : None;
    }

    /// <summary>A chunk of its own pages; there is no next chunk whose header could lend it a word.</summary>
    private int Map(ulong wanted)
    {
        ulong misalignment = MallocAbi.Alignment - _abi.HeaderBytes;
        ulong bytes = MallocAbi.RoundUp(wanted + _abi.WordBytes + (misalignment > 0 ? MallocAbi.Alignment - 1 : 0), MallocAbi.PageBytes);
        if (bytes > _abi.MaxRequestBytes || _kernel.Mmap(bytes) is not { } address)
        {
            return None;
        }
        _mappings++;
        int chunk = _chunks.Add(address + misalignment, bytes - misalignment, ChunkState.Mapped);
        _chunks[chunk].OffsetBytes = misalignment;
        return chunk;
    }

    private void Unmap(int chunk)
    {
        Chunk freed = _chunks[chunk];
        _mappings--;
        _chunks.Remove(chunk);
        _kernel.Munmap(freed.Address - freed.OffsetBytes, freed.Bytes + freed.OffsetBytes);
    }

    /// <summary>Makes the top larger, or begins a new one where the heap cannot be continued.</summary>
    /// <returns>False with no memory.</returns>
    private bool Grow(ulong wanted)
    {
        ulong topBytes = _top == None ? 0 : _chunks[_top].Bytes;
        ulong end = _top == None ? 0 : _chunks[_top].Address + topBytes;
        ulong bytes = MallocAbi.RoundUp(wanted + Tuning.TopPadBytes + _abi.MinChunkBytes - (_isContiguous ? topBytes : 0), MallocAbi.PageBytes);
        if (bytes <= _abi.MaxRequestBytes && _break.Move((long)bytes) is { } begin)
        {
            if (begin == end)
            {
                _chunks[_top].Bytes += bytes;
            }
            else if (_isContiguous && _top != None && begin < end)
            {
                throw new InvalidOperationException("break adjusted to free malloc space");
            }
            else
            {
                BeginTop(begin, bytes, topBytes);
            }
            return true;
        }
        bytes = Math.Max(LeastFallbackBytes, _isContiguous ? MallocAbi.RoundUp(bytes + topBytes, MallocAbi.PageBytes) : bytes);
        if (bytes <= wanted || bytes > _abi.MaxRequestBytes || _kernel.Mmap(bytes) is not { } address)
        {
            return false;
        }
        _isContiguous = false;
        ReplaceTop(Aligned(address), address + bytes);
        return true;
    }

    /// <summary>
    /// The first part of the heap, or one behind a part that someone else took. Its end is moved to a page's, so that the breaks to
    /// come are on pages.
    /// </summary>
    private void BeginTop(ulong begin, ulong bytes, ulong oldTopBytes)
    {
        ulong aligned = Aligned(begin);
        ulong end = begin + bytes;
        if (_isContiguous)
        {
            ulong correction = aligned - begin + oldTopBytes;
            correction += MallocAbi.RoundUp(end + correction, MallocAbi.PageBytes) - (end + correction);
            end = _break.Move((long)correction) is { } second ? second + correction : _break.Move(0)!.Value;
        }
        else
        {
            end = _break.Move(0)!.Value;
        }
        ReplaceTop(aligned, end);
    }

    private ulong Aligned(ulong address) => MallocAbi.RoundUp(address + _abi.HeaderBytes, MallocAbi.Alignment) - _abi.HeaderBytes;

    /// <summary>A new top; the old one ends in a fence that nothing merges with, and the rest of it is freed.</summary>
    private void ReplaceTop(ulong begin, ulong end)
    {
        int old = _top;
        _top = _chunks.Add(begin, end - begin, ChunkState.Top);
        if (old == None)
        {
            return;
        }
        ulong rest = (_chunks[old].Bytes - 2 * _abi.HeaderBytes) & ~(MallocAbi.Alignment - 1);
        if (rest >= _abi.MinChunkBytes)
        {
            _chunks.Split(old, rest, ChunkState.Fence);
            _chunks[old].State = ChunkState.Used;
            Release(old);
        }
        else
        {
            _chunks[old].State = ChunkState.Fence;
        }
    }
}
