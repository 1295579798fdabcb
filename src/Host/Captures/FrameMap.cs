namespace Sim.Host.Captures;

/// <summary>
/// A value for each frame number up to the greatest there is. Memory goes to the stretches that are written only, so that a
/// damaged file which names far-away frames costs little.
/// </summary>
internal sealed class FrameMap<T>
    where T : struct
{
    private const int ChunkBits = 12;
    private const int ChunkFrames = 1 << ChunkBits;
    private T[]?[] _chunks = [];

    /// <summary>The value of a frame; default where none was written.</summary>
    public T this[long pfn] => pfn >> ChunkBits < _chunks.Length && _chunks[pfn >> ChunkBits] is { } chunk ? chunk[pfn & (ChunkFrames - 1)] : default;

    /// <summary>Writes one frame's.</summary>
    public void Set(long pfn, T value) => Chunk(pfn)[pfn & (ChunkFrames - 1)] = value;

    /// <summary>Writes the same value for many.</summary>
    public void Fill(long pfn, long count, T value)
    {
        for (long end = pfn + count; pfn < end;)
        {
            long here = Math.Min(end - pfn, ChunkFrames - (pfn & (ChunkFrames - 1)));
            Chunk(pfn).AsSpan((int)(pfn & (ChunkFrames - 1)), (int)here).Fill(value);
            pfn += here;
        }
    }

    private T[] Chunk(long pfn)
    {
        int index = (int)(pfn >> ChunkBits);
        if (index >= _chunks.Length)
        {
            Array.Resize(ref _chunks, Math.Max(index + 1, 2 * _chunks.Length));
        }
        return _chunks[index] ??= new T[ChunkFrames];
    }
}
