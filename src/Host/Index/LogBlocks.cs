using Sim.Engine.Log;

namespace Sim.Host.Index;

/// <summary>The blocks of a log in one row, numbered from 0 through all segments.</summary>
internal sealed class LogBlocks
{
    private readonly List<long> _first = [];
    private readonly List<ChainHash> _chain = [];

    public LogBlocks(LogReader log)
    {
        Last = log.LastSequence;
        for (int segment = 0; segment < log.SegmentCount; segment++)
        {
            foreach (BlockIndexEntry entry in log.Index(segment))
            {
                _first.Add(entry.FirstSequence);
                _chain.Add(entry.ChainHash);
            }
        }
    }

    /// <summary>Number of blocks.</summary>
    public int Count => _first.Count;

    /// <summary>Sequence of the log's last event; -1 for none.</summary>
    public long Last { get; }

    /// <summary>Sequence of a block's first event.</summary>
    public long First(int block) => _first[block];

    /// <summary>Sequence of a block's last event.</summary>
    public long End(int block) => block + 1 < Count ? _first[block + 1] - 1 : Last;

    /// <summary>The chain's link after a block.</summary>
    public ChainHash Chain(int block) => _chain[block];

    /// <summary>The block that holds an event; -1 for an event before the first.</summary>
    public int Find(long sequence)
    {
        int at = _first.BinarySearch(sequence);
        return at >= 0 ? at : ~at - 1;
    }
}
