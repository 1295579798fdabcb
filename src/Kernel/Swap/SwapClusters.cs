using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>
/// Clusters of slots of an area on a device without seeks: each CPU fills one of its own, so that what is swapped out
/// together lies together (<c>swap_cluster_info</c>, mm/swapfile.c, Linux 6.1). Sourced state.
/// </summary>
internal sealed class SwapClusters
{
    // The free clusters begin in an order in which neighbours lie this far apart (SWAP_CLUSTER_COLS).
    private const int Columns = 64;

    private readonly int[] _used;
    private readonly int[] _nextFree;
    private readonly int[] _cluster;
    private readonly int[] _next;
    private readonly int _slots;
    private readonly int _size;
    private int _head = -1, _tail = -1;

    public SwapClusters(int slots, int cpus, int size)
    {
        _slots = slots;
        _size = size;
        int clusters = (slots + size - 1) / size;
        _used = new int[clusters];
        _nextFree = new int[clusters];
        _cluster = new int[cpus];
        _next = new int[cpus];
        Array.Fill(_cluster, -1);
        // The header's slot, and what the last cluster lacks, count as used.
        _used[0] = 1;
        _used[^1] += (clusters * size) - slots;
        for (int column = 0; column < Columns; column++)
        {
            for (int cluster = column; cluster < clusters; cluster += Columns)
            {
                if (_used[cluster] == 0)
                {
                    AddFree(cluster);
                }
            }
        }
    }

    /// <summary>The slot a CPU is to take next (<c>scan_swap_map_try_ssd_cluster</c>); -1 when it has no cluster and none is free.</summary>
    public int Find(int cpu, ReadOnlySpan<ushort> map)
    {
        while (true)
        {
            ref int cluster = ref _cluster[cpu];
            if (cluster < 0)
            {
                if (_head < 0)
                {
                    return -1;
                }
                cluster = _head;
                _next[cpu] = cluster * _size;
            }
            int end = Math.Min(_slots, (cluster + 1) * _size), slot = _next[cpu];
            while (slot < end && map[slot] != 0)
            {
                slot++;
            }
            if (slot < end)
            {
                _next[cpu] = slot + 1;
                return slot;
            }
            cluster = -1;
        }
    }

    /// <summary>First slot of the cluster that has been free longest; -1 when there is none.</summary>
    public int FirstFree => _head < 0 ? -1 : _head * _size;

    /// <summary>A slot was taken.</summary>
    public void Take(int slot)
    {
        int cluster = slot / _size;
        if (_used[cluster]++ == 0)
        {
            RemoveFree(cluster);
        }
    }

    /// <summary>A slot is free again.</summary>
    public void Free(int slot)
    {
        if (--_used[slot / _size] == 0)
        {
            AddFree(slot / _size);
        }
    }

    public void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<int>(_used);
        hash.AddSpan<int>(_cluster);
        hash.AddSpan<int>(_next);
        for (int at = _head; at >= 0; at = _nextFree[at])
        {
            hash.Add(at);
        }
    }

    private void AddFree(int cluster)
    {
        _nextFree[cluster] = -1;
        if (_tail < 0)
        {
            _head = cluster;
        }
        else
        {
            _nextFree[_tail] = cluster;
        }
        _tail = cluster;
    }

    /// <summary>Takes a cluster off the free ones; it is the first of them unless slots are taken one by one past the clusters.</summary>
    private void RemoveFree(int cluster)
    {
        int before = -1;
        for (int at = _head; at != cluster; at = _nextFree[at])
        {
            before = at;
        }
        if (before < 0)
        {
            _head = _nextFree[cluster];
        }
        else
        {
            _nextFree[before] = _nextFree[cluster];
        }
        if (_tail == cluster)
        {
            _tail = before;
        }
    }
}
