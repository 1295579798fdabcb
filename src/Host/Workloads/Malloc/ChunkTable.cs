namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// The heap's chunks by handle, each with its neighbours in memory: what glibc reads from sizes and flags in chunk headers. Handles of
/// merged chunks are used again.
/// </summary>
internal sealed class ChunkTable
{
    /// <summary>No chunk.</summary>
    public const int None = -1;

    private readonly Dictionary<ulong, int> _byAddress = [];
    private Chunk[] _chunks = new Chunk[256];
    private int _count;
    private int _free = None;

    /// <summary>A chunk; the reference is good until the next one is made.</summary>
    public ref Chunk this[int chunk] => ref _chunks[chunk];

    /// <summary>The chunk at an address, or <see cref="None"/>.</summary>
    public int At(ulong address) => _byAddress.GetValueOrDefault(address, None);

    /// <summary>Makes a chunk without neighbours.</summary>
    public int Add(ulong address, ulong bytes, ChunkState state)
    {
        int chunk = _free;
        if (chunk != None)
        {
            _free = _chunks[chunk].Next;
        }
        else
        {
            chunk = _count++;
            if (chunk == _chunks.Length)
            {
                Array.Resize(ref _chunks, 2 * chunk);
            }
        }
        _chunks[chunk] = new Chunk { Address = address, Bytes = bytes, State = state, Below = None, Above = None, Next = None, Previous = None };
        _byAddress[address] = chunk;
        return chunk;
    }

    /// <summary>Takes a chunk without neighbours out.</summary>
    public void Remove(int chunk)
    {
        _byAddress.Remove(_chunks[chunk].Address);
        _chunks[chunk].State = ChunkState.None;
        _chunks[chunk].Next = _free;
        _free = chunk;
    }

    /// <summary>Cuts a chunk in two.</summary>
    /// <param name="chunk">Keeps the first <paramref name="bytes"/>, and its state.</param>
    /// <param name="bytes">Less than it has.</param>
    /// <param name="state">The rest's.</param>
    /// <returns>The rest.</returns>
    public int Split(int chunk, ulong bytes, ChunkState state)
    {
        Chunk whole = _chunks[chunk];
        int rest = Add(whole.Address + bytes, whole.Bytes - bytes, state);
        Join(rest, whole.Above);
        Join(chunk, rest);
        _chunks[chunk].Bytes = bytes;
        return rest;
    }

    /// <summary>The chunk above becomes part of a chunk.</summary>
    public void Absorb(int chunk)
    {
        int above = _chunks[chunk].Above;
        _chunks[chunk].Bytes += _chunks[above].Bytes;
        Join(chunk, _chunks[above].Above);
        Remove(above);
    }

    private void Join(int below, int above)
    {
        _chunks[below].Above = above;
        if (above != None)
        {
            _chunks[above].Below = below;
        }
    }
}
