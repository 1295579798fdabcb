namespace Sim.Host.Workloads.Malloc;

/// <content>Blocks that change their size, and blocks with an alignment of their own.</content>
internal sealed partial class GlibcMalloc
{
    /// <summary>realloc(3): in place where it can, by mremap for a mapping, else by a new block.</summary>
    /// <param name="address">A block's address; 0 for a new one.</param>
    /// <param name="bytes">Its new size; 0 frees it.</param>
    /// <returns>The block's address now; 0 with no memory, and the block stays, or when it was freed.</returns>
    /// <exception cref="ArgumentException">It is no block in use.</exception>
    public ulong Realloc(ulong address, ulong bytes)
    {
        if (address == 0)
        {
            return Malloc(bytes);
        }
        if (bytes == 0)
        {
            Free(address);
            return 0;
        }
        LibraryCalls++;
        int chunk = ChunkOf(address);
        if (_chunks[chunk].State != ChunkState.Mapped)
        {
            EnsureCache();
        }
        return _abi.ChunkBytes(bytes) is not { } wanted ? 0
            : UserAddress(_chunks[chunk].State == ChunkState.Mapped ? Remap(chunk, wanted) : Resize(chunk, wanted));
    }

    /// <summary>memalign(3): cuts an aligned chunk out of one large enough for any place of it (_int_memalign).</summary>
    /// <param name="alignment">Rounded up to a power of two.</param>
    /// <param name="bytes">The block's size.</param>
    /// <returns>The block's address; 0 with no memory.</returns>
    public ulong Memalign(ulong alignment, ulong bytes)
    {
        if (alignment <= MallocAbi.Alignment)
        {
            return Malloc(bytes);
        }
        LibraryCalls++;
        alignment = System.Numerics.BitOperations.RoundUpToPowerOf2(Math.Max(alignment, _abi.MinChunkBytes));
        if (_abi.ChunkBytes(bytes) is not { } wanted || _abi.ChunkBytes(wanted + alignment + _abi.MinChunkBytes) is not { } whole)
        {
            return 0;
        }
        int chunk = Allocate(whole);
        if (chunk == None)
        {
            return 0;
        }
        ulong lead = LeadBytes(_chunks[chunk].Address, alignment);
        if (_chunks[chunk].State == ChunkState.Mapped)
        {
            return UserAddress(lead == 0 ? chunk : MoveIntoMapping(chunk, lead));
        }
        if (lead > 0)
        {
            int aligned = _chunks.Split(chunk, lead, ChunkState.Used);
            Release(chunk);
            chunk = aligned;
        }
        if (_chunks[chunk].Bytes > wanted + _abi.MinChunkBytes)
        {
            Release(_chunks.Split(chunk, wanted, ChunkState.Used));
        }
        return UserAddress(chunk);
    }

    /// <summary>From a chunk to the first one in it whose user memory is aligned and that leaves a whole chunk before it; 0 if it is aligned.</summary>
    private ulong LeadBytes(ulong address, ulong alignment)
    {
        ulong user = address + _abi.HeaderBytes;
        ulong lead = MallocAbi.RoundUp(user, alignment) - user;
        return lead > 0 && lead < _abi.MinChunkBytes ? lead + alignment : lead;
    }

    private int MoveIntoMapping(int chunk, ulong lead)
    {
        Chunk old = _chunks[chunk];
        _chunks.Remove(chunk);
        int moved = _chunks.Add(old.Address + lead, old.Bytes - lead, ChunkState.Mapped);
        _chunks[moved].OffsetBytes = old.OffsetBytes + lead;
        return moved;
    }

    private int Remap(int chunk, ulong wanted)
    {
        Chunk old = _chunks[chunk];
        ulong oldBytes = old.Bytes + old.OffsetBytes;
        ulong newBytes = MallocAbi.RoundUp(wanted + old.OffsetBytes + _abi.WordBytes, MallocAbi.PageBytes);
        if (oldBytes == newBytes)
        {
            return chunk;
        }
        if (_kernel.Mremap(old.Address - old.OffsetBytes, oldBytes, newBytes) is { } address)
        {
            _chunks.Remove(chunk);
            int moved = _chunks.Add(address + old.OffsetBytes, newBytes - old.OffsetBytes, ChunkState.Mapped);
            _chunks[moved].OffsetBytes = old.OffsetBytes;
            return moved;
        }
        if (old.Bytes - _abi.WordBytes >= wanted)
        {
            return chunk;
        }
        int copy = Cached(wanted) is var cached && cached != None ? cached : Allocate(wanted);
        if (copy != None)
        {
            Unmap(chunk);
        }
        return copy;
    }

    /// <summary>Into the top or a free chunk above, else to a new chunk; what is left over is freed (_int_realloc).</summary>
    private int Resize(int chunk, ulong wanted)
    {
        ulong bytes = _chunks[chunk].Bytes;
        if (bytes < wanted)
        {
            int above = _chunks[chunk].Above;
            ulong together = bytes + _chunks[above].Bytes;
            if (above == _top && together >= wanted + _abi.MinChunkBytes)
            {
                _chunks.Absorb(chunk);
                _top = _chunks.Split(chunk, wanted, ChunkState.Top);
                return chunk;
            }
            if (_chunks[above].State == ChunkState.Free && together >= wanted)
            {
                _bins.Remove(above);
                _chunks.Absorb(chunk);
            }
            else if (Allocate(wanted) is var copy && copy != _chunks[chunk].Above)
            {
                if (copy != None)
                {
                    Release(chunk);
                }
                return copy;
            }
            else
            {
                // The new chunk happens to be the next one: nothing to copy.
                _chunks.Absorb(chunk);
            }
        }
        if (_chunks[chunk].Bytes - wanted >= _abi.MinChunkBytes)
        {
            Release(_chunks.Split(chunk, wanted, ChunkState.Used));
        }
        return chunk;
    }
}
