using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>
/// The tasks that wait for a CPU, least virtual runtime first, equal ones in the order in which they came: the order of the
/// kernel's red-black tree (<c>cfs_rq</c>). Part of the sourced state.
/// </summary>
public sealed class RunQueue
{
    private int[] _pids = new int[8];
    private long[] _vruntimesNs = new long[8];

    /// <summary>Tasks that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Sum of their weights.</summary>
    public long Weight { get; private set; }

    /// <summary>Virtual runtime behind which none of the CPU's tasks is far; it only grows (<c>min_vruntime</c>).</summary>
    public long MinVruntimeNs { get; private set; }

    /// <summary>The task with the least virtual runtime; 0 when none waits.</summary>
    public int First => Count == 0 ? 0 : _pids[0];

    /// <summary>The task with the greatest virtual runtime; 0 when none waits.</summary>
    public int Last => Count == 0 ? 0 : _pids[Count - 1];

    /// <summary>Virtual runtime of the first task, or the greatest there is.</summary>
    public long FirstVruntimeNs => Count == 0 ? long.MaxValue : _vruntimesNs[0];

    /// <summary>Puts a task behind all that have no more virtual runtime.</summary>
    public void Add(int pid, long vruntimeNs, int weight)
    {
        if (Count == _pids.Length)
        {
            Array.Resize(ref _pids, Count * 2);
            Array.Resize(ref _vruntimesNs, Count * 2);
        }
        int at = Count;
        while (at > 0 && _vruntimesNs[at - 1] > vruntimeNs)
        {
            (_pids[at], _vruntimesNs[at]) = (_pids[at - 1], _vruntimesNs[at - 1]);
            at--;
        }
        (_pids[at], _vruntimesNs[at]) = (pid, vruntimeNs);
        Count++;
        Weight += weight;
    }

    /// <summary>Takes a task out.</summary>
    /// <exception cref="InvalidOperationException">It does not wait here.</exception>
    public void Remove(int pid, int weight)
    {
        int at = Array.IndexOf(_pids, pid, 0, Count);
        if (at < 0)
        {
            throw new InvalidOperationException($"Task {pid} is not on the run queue it is taken from.");
        }
        Array.Copy(_pids, at + 1, _pids, at, Count - at - 1);
        Array.Copy(_vruntimesNs, at + 1, _vruntimesNs, at, Count - at - 1);
        Count--;
        Weight -= weight;
    }

    /// <summary>The CPU's tasks have come so far at least (<c>update_min_vruntime</c>).</summary>
    /// <param name="runningNs">Virtual runtime of the task that runs; the greatest number for none.</param>
    public void Advance(long runningNs)
    {
        long least = Math.Min(runningNs, FirstVruntimeNs);
        MinVruntimeNs = least == long.MaxValue ? MinVruntimeNs : Math.Max(MinVruntimeNs, least);
    }

    /// <summary>Appends the state in canonical form.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<int>(_pids.AsSpan(0, Count));
        hash.AddSpan<long>(_vruntimesNs.AsSpan(0, Count));
        hash.Add(MinVruntimeNs);
    }
}
