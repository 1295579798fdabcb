using Sim.Engine.Snapshots;
using Sim.Kernel.Compaction;

namespace Sim.Host.Workloads;

/// <summary>
/// Where the frames of a workload are that its pending messages know by the number they had at first. Nothing is kept of
/// a frame that stays where it is. A key is that number and a tag, which tells apart several frames that had the number
/// one after the other.
/// </summary>
/// <param name="frames">Frames of the machine.</param>
internal sealed class MovedBlocks(long frames) : IMovablePageOwner, ISnapshotState
{
    // One bit for each number whose key without a tag is in use elsewhere: most frames are asked about in vain.
    private readonly ulong[] _away = new ulong[(frames + 63) >> 6];

    [NotInSnapshot]
    private readonly Dictionary<(long Pfn, int Tag), long> _frameOf = [];
    [NotInSnapshot]
    private readonly Dictionary<long, (long Pfn, int Tag)> _keyOf = [];
    private int _lastTag;

    /// <summary>Frames that are not where they were.</summary>
    public int Count => _frameOf.Count;

    /// <summary>Pages moved so far.</summary>
    public long Moves { get; private set; }

    /// <summary>The tag of a frame just allocated.</summary>
    public int Add(long pfn)
    {
        if (!IsAway(pfn))
        {
            return 0;
        }
        // An older frame that had this number has moved away and is still in use.
        (long Pfn, int Tag) key = (pfn, ++_lastTag);
        _frameOf.Add(key, pfn);
        _keyOf.Add(pfn, key);
        return key.Tag;
    }

    /// <summary>The frame of a key, which is of no more use.</summary>
    public long Take(long pfn, int tag)
    {
        if ((tag == 0 && !IsAway(pfn)) || !_frameOf.Remove((pfn, tag), out long now))
        {
            return pfn;
        }
        if (tag == 0)
        {
            _away[pfn >> 6] &= ~(1UL << (int)(pfn & 63));
        }
        _keyOf.Remove(now);
        return now;
    }

    /// <inheritdoc/>
    public void Migrated(long fromPfn, long toPfn)
    {
        Moves++;
        if (!_keyOf.Remove(fromPfn, out (long Pfn, int Tag) key))
        {
            key = (fromPfn, 0);
        }
        if (key == (toPfn, 0))
        {
            // Back home.
            _frameOf.Remove(key);
            _away[toPfn >> 6] &= ~(1UL << (int)(toPfn & 63));
            return;
        }
        if (key.Tag == 0)
        {
            _away[key.Pfn >> 6] |= 1UL << (int)(key.Pfn & 63);
        }
        _frameOf[key] = toPfn;
        _keyOf.Add(toPfn, key);
    }

    /// <summary>One of the two tables, by number of the frame; the other is its inverse.</summary>
    void ISnapshotState.Visit(StateVisitor visitor)
    {
        long[] now = [.. _keyOf.Keys];
        (long Pfn, int Tag)[] keys = [.. _keyOf.Values];
        Array.Sort(now, keys);
        long[] pfns = [.. keys.Select(k => k.Pfn)];
        int[] tags = [.. keys.Select(k => k.Tag)];
        visitor.Value(ref now);
        visitor.Value(ref pfns);
        visitor.Value(ref tags);
        if (visitor.IsLoading)
        {
            _frameOf.Clear();
            _keyOf.Clear();
            for (int i = 0; i < now.Length; i++)
            {
                _keyOf.Add(now[i], (pfns[i], tags[i]));
                _frameOf.Add((pfns[i], tags[i]), now[i]);
            }
        }
    }

    private bool IsAway(long pfn) => (_away[pfn >> 6] & (1UL << (int)(pfn & 63))) != 0;
}
