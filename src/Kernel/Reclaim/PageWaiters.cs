namespace Sim.Kernel.Reclaim;

/// <summary>Tasks that wait for a page to be read or written (<c>folio_wait_bit</c>). Execution state.</summary>
internal sealed class PageWaiters
{
    private readonly List<(long Pfn, int Pid)> _waiters = [];

    /// <summary>Wakes a task; set when the tasks are there.</summary>
    public Action<int, long>? Wake { get; set; }

    /// <summary>A task waits for a page.</summary>
    public void Add(long pfn, int pid) => _waiters.Add((pfn, pid));

    /// <summary>Wakes whoever waits for a page.</summary>
    public void WakeAll(long pfn, long cause)
    {
        for (int i = 0; i < _waiters.Count;)
        {
            (long waits, int pid) = _waiters[i];
            if (waits == pfn)
            {
                _waiters.RemoveAt(i);
                Wake?.Invoke(pid, cause);
            }
            else
            {
                i++;
            }
        }
    }
}
