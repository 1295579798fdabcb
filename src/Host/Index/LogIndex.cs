using Sim.Engine.Log;

namespace Sim.Host.Index;

/// <summary>What each block of a log is about, so that a search reads only blocks that may have what is looked for. A cache: the log has it all.</summary>
internal sealed class LogIndex
{
    /// <summary>One block's fixed part.</summary>
    internal readonly record struct Entry(long FirstSequence, long MinTimePs, long MaxTimePs, ulong KindsLow, ulong KindsHigh, int PidsEnd, int FramesEnd, int AnyPid, int Unused);

    private readonly List<Entry> _entries = [];
    private readonly List<int> _pids = [], _frames = [];

    public LogIndex()
    {
    }

    /// <param name="entries">Blocks, in order.</param>
    /// <param name="pids">Tasks of all blocks, one block's behind the other's.</param>
    /// <param name="frames">Ranges of frames of all blocks.</param>
    /// <param name="chain">The chain's link after the last block.</param>
    /// <param name="last">Sequence of the last block's last event.</param>
    public LogIndex(IEnumerable<Entry> entries, IEnumerable<int> pids, IEnumerable<int> frames, ChainHash chain, long last)
    {
        _entries.AddRange(entries);
        _pids.AddRange(pids);
        _frames.AddRange(frames);
        (Chain, Last) = (chain, last);
    }

    /// <summary>Number of blocks it speaks of: the log's first ones.</summary>
    public int Count => _entries.Count;

    /// <summary>The chain's link after the last of them.</summary>
    public ChainHash Chain { get; private set; }

    /// <summary>Sequence of their last event; -1 for none.</summary>
    public long Last { get; private set; } = -1;

    internal IReadOnlyList<Entry> Entries => _entries;

    internal IReadOnlyList<int> Pids => _pids;

    internal IReadOnlyList<int> Frames => _frames;

    /// <summary>What a block is about.</summary>
    public BlockSummary this[int block]
    {
        get
        {
            Entry entry = _entries[block];
            (int pids, int frames) = block == 0 ? (0, 0) : (_entries[block - 1].PidsEnd, _entries[block - 1].FramesEnd);
            return new BlockSummary
            {
                Kinds = (entry.KindsLow, entry.KindsHigh),
                FirstSequence = entry.FirstSequence,
                LastSequence = block + 1 < Count ? _entries[block + 1].FirstSequence - 1 : Last,
                MinTimePs = entry.MinTimePs,
                MaxTimePs = entry.MaxTimePs,
                Pids = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pids)[pids..entry.PidsEnd],
                AnyPid = entry.AnyPid != 0,
                Frames = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_frames)[frames..entry.FramesEnd],
            };
        }
    }

    /// <summary>True when the blocks it speaks of are the first ones of a log.</summary>
    public bool Fits(LogBlocks blocks) =>
        Count > 0 && Count <= blocks.Count && blocks.Chain(Count - 1) == Chain && blocks.End(Count - 1) == Last
        && Enumerable.Range(0, Count).All(b => _entries[b].FirstSequence == blocks.First(b));

    /// <summary>Adds the next block.</summary>
    internal void Add(BlockSketch sketch, long firstSequence)
    {
        bool any = !sketch.Pids(_pids);
        sketch.Frames(_frames);
        _entries.Add(new Entry(firstSequence, sketch.MinTimePs, sketch.MaxTimePs, sketch.Kinds.Low, sketch.Kinds.High, _pids.Count, _frames.Count, any ? 1 : 0, 0));
    }

    /// <summary>Adds the blocks of another index behind these.</summary>
    internal void Append(LogIndex other)
    {
        int pids = _pids.Count, frames = _frames.Count;
        _entries.AddRange(other._entries.Select(e => e with { PidsEnd = e.PidsEnd + pids, FramesEnd = e.FramesEnd + frames }));
        _pids.AddRange(other._pids);
        _frames.AddRange(other._frames);
    }

    /// <summary>Notes where it ends in the log.</summary>
    internal void Seal(LogBlocks blocks) => (Chain, Last) = Count > 0 ? (blocks.Chain(Count - 1), blocks.End(Count - 1)) : (default, -1);
}
