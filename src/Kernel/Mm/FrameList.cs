namespace Sim.Kernel.Mm;

/// <summary>A growing list of frame numbers that is emptied and filled again without allocating.</summary>
public sealed class FrameList
{
    private long[] _pfns = new long[256];

    /// <summary>Frames in the list.</summary>
    public int Count { get; private set; }

    /// <summary>The frame at a position.</summary>
    public long this[int index] => _pfns[index];

    /// <summary>Appends a frame.</summary>
    public void Add(long pfn)
    {
        if (Count == _pfns.Length)
        {
            Array.Resize(ref _pfns, Count * 2);
        }
        _pfns[Count++] = pfn;
    }

    /// <summary>Empties the list.</summary>
    public void Clear() => Count = 0;
}
