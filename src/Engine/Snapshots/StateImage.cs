using System.Runtime.CompilerServices;

namespace Sim.Engine.Snapshots;

/// <summary>
/// The bytes of a saved state, in pages. Its memory is kept from one use to the next. Not thread-safe; handed from the
/// simulating thread to the one that writes snapshots and back.
/// </summary>
public sealed class StateImage
{
    /// <summary>The unit in which images are compared.</summary>
    public const int PageBytes = 4096;

    internal const int ChunkBytes = 1 << 20;

    private readonly List<byte[]> _chunks = [];

    /// <summary>Bytes in use.</summary>
    public long Length { get; private set; }

    /// <summary>Pages in use, the last one perhaps in part.</summary>
    public int Pages => checked((int)((Length + PageBytes - 1) / PageBytes));

    /// <summary>A page; the last one is filled up with zeros.</summary>
    public Span<byte> Page(int page)
    {
        long offset = (long)page * PageBytes;
        return _chunks[(int)(offset / ChunkBytes)].AsSpan((int)(offset % ChunkBytes), PageBytes);
    }

    /// <summary>Empties it.</summary>
    public void Clear() => Length = 0;

    /// <summary>Makes room for a number of pages, to be filled by <see cref="Page"/>.</summary>
    /// <param name="length">Bytes that will be in use.</param>
    public void SetLength(long length)
    {
        while (_chunks.Count * (long)ChunkBytes < length)
        {
            _chunks.Add(new byte[ChunkBytes]);
        }
        Length = length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int within = (int)(Length % ChunkBytes), chunk = (int)(Length / ChunkBytes);
            if (chunk == _chunks.Count)
            {
                _chunks.Add(new byte[ChunkBytes]);
            }
            int part = Math.Min(bytes.Length, ChunkBytes - within);
            bytes[..part].CopyTo(_chunks[chunk].AsSpan(within));
            Length += part;
            bytes = bytes[part..];
        }
    }

    /// <summary>Fills the page under way with zeros.</summary>
    internal void Align()
    {
        int rest = (int)(-Length & (PageBytes - 1));
        if (rest > 0)
        {
            Span<byte> zeros = stackalloc byte[PageBytes];
            zeros.Clear();
            Append(zeros[..rest]);
        }
    }

    /// <exception cref="InvalidDataException">The image ends before.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Read(long offset, Span<byte> destination)
    {
        if (offset + destination.Length > Length)
        {
            throw new InvalidDataException("The image of the state ends early.");
        }
        while (destination.Length > 0)
        {
            int within = (int)(offset % ChunkBytes);
            int part = Math.Min(destination.Length, ChunkBytes - within);
            _chunks[(int)(offset / ChunkBytes)].AsSpan(within, part).CopyTo(destination);
            offset += part;
            destination = destination[part..];
        }
    }
}
