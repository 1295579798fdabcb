using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>Which of this machine's frames stands for each frame that the recorded kernel handed out.</summary>
internal sealed class BlockNames
{
    private const int Unknown = 0, None = -1;
    private readonly bool _begunWithLists;
    private readonly int _frames;
    private readonly FrameMap<int> _frameOf = new();

    /// <param name="frames">This machine's frames.</param>
    /// <param name="begunWithLists">The machine began with the recorded kernel's lists: a frame not handed out since stands for itself.</param>
    public BlockNames(FrameTable frames, bool begunWithLists)
    {
        _frames = frames.Count;
        _begunWithLists = begunWithLists;
    }

    /// <summary>A recorded block is this machine's block; -1 for none.</summary>
    public void Bind(long recordedPfn, int order, long pfn)
    {
        for (int i = 0; i < 1 << order; i++)
        {
            // Frame 0 is never handed out, so 0 can stand for unknown.
            _frameOf.Set(recordedPfn + i, pfn < 0 ? None : (int)pfn + i);
        }
    }

    /// <summary>A recorded block is freed; returns this machine's frame, -1 for none.</summary>
    public long Release(long recordedPfn, int order)
    {
        int frame = _frameOf[recordedPfn];
        _frameOf.Fill(recordedPfn, 1L << order, Unknown);
        return frame != Unknown ? frame
            : _begunWithLists && recordedPfn + (1L << order) <= _frames ? recordedPfn
            : -1;
    }
}
