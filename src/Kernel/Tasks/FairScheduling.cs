using System.Numerics;

namespace Sim.Kernel.Tasks;

/// <summary>
/// When a task makes way for another: each of those that share a CPU gets its part of a period by its weight, and one that
/// slept is put a little ahead of the others (kernel/sched/fair.c, Linux 6.1). It reads the tasks and decides nothing itself.
/// </summary>
internal sealed class FairScheduling
{
    /// <summary>CPUs beyond which periods grow no more (<c>get_update_sysctl_factor</c>).</summary>
    private const int MostCpusCounted = 8;

    private readonly TaskTable _tasks;
    private readonly long _latencyNs, _minGranularityNs, _wakeupGranularityNs;

    public FairScheduling(TaskTable tasks, TaskOptions options)
    {
        _tasks = tasks;
        int factor = 1 + BitOperations.Log2((uint)Math.Min(tasks.Cpus, MostCpusCounted));
        _latencyNs = options.LatencyNs * (long)factor;
        _minGranularityNs = options.MinGranularityNs * (long)factor;
        _wakeupGranularityNs = options.WakeupGranularityNs * (long)factor;
    }

    /// <summary>Virtual runtime of a new task: it waits as if it had had its turn (<c>place_entity</c>, <c>START_DEBIT</c>).</summary>
    public long PlaceNew(int cpu, int weight)
    {
        RunQueue queue = _tasks.Queue(cpu);
        int running = _tasks.Current(cpu) == 0 ? 0 : 1;
        return queue.MinVruntimeNs + TaskWeight.VirtualNs(SliceNs(queue.Count + running + 1, weight, TotalWeight(cpu) + weight), weight);
    }

    /// <summary>Virtual runtime of a task that slept: at most half a period behind the others (<c>GENTLE_FAIR_SLEEPERS</c>).</summary>
    /// <param name="cpu">The CPU it will run on.</param>
    /// <param name="vruntimeNs">What it had, as counted on that CPU.</param>
    /// <param name="ranNs">How long the CPU's present task runs already.</param>
    public long PlaceWoken(int cpu, long vruntimeNs, long ranNs) =>
        Math.Max(vruntimeNs, MinVruntimeNs(cpu, ranNs) - _latencyNs / 2);

    /// <summary>Virtual runtime of a task that goes to another CPU: as far ahead of or behind the others there as it was here.</summary>
    public long PlaceMigrated(in TaskInfo task, int cpu) =>
        task.VruntimeNs - _tasks.Queue(task.Cpu).MinVruntimeNs + _tasks.Queue(cpu).MinVruntimeNs;

    /// <summary>At a timer interrupt: the task has had its slice, or is far ahead of one that waits (<c>check_preempt_tick</c>).</summary>
    public bool IsSliceOver(int cpu, long ranNs)
    {
        RunQueue queue = _tasks.Queue(cpu);
        if (queue.Count == 0)
        {
            return false;
        }
        TaskInfo task = _tasks[_tasks.Current(cpu)];
        long sliceNs = SliceNs(queue.Count + 1, task.Weight, TotalWeight(cpu));
        return ranNs > sliceNs
            || (ranNs >= _minGranularityNs && VruntimeNs(in task, ranNs) - queue.FirstVruntimeNs > sliceNs);
    }

    /// <summary>A task that wakes up is so far behind the one that runs that it goes first (<c>check_preempt_wakeup</c>).</summary>
    public bool GoesFirst(in TaskInfo woken, int cpu, long ranNs)
    {
        TaskInfo task = _tasks[_tasks.Current(cpu)];
        return VruntimeNs(in task, ranNs) - woken.VruntimeNs > TaskWeight.VirtualNs(_wakeupGranularityNs, woken.Weight);
    }

    private static long VruntimeNs(in TaskInfo task, long ranNs) => task.VruntimeNs + TaskWeight.VirtualNs(ranNs, task.Weight);

    private long MinVruntimeNs(int cpu, long ranNs)
    {
        RunQueue queue = _tasks.Queue(cpu);
        int pid = _tasks.Current(cpu);
        TaskInfo task = _tasks[pid];
        long least = Math.Min(queue.FirstVruntimeNs, pid == 0 ? long.MaxValue : VruntimeNs(in task, ranNs));
        return least == long.MaxValue ? queue.MinVruntimeNs : Math.Max(queue.MinVruntimeNs, least);
    }

    private long TotalWeight(int cpu)
    {
        int pid = _tasks.Current(cpu);
        return _tasks.Queue(cpu).Weight + (pid == 0 ? 0 : _tasks[pid].Weight);
    }

    /// <summary>A task's part of a period, which grows when many tasks share a CPU (<c>sched_slice</c>).</summary>
    private long SliceNs(int tasks, int weight, long totalWeight)
    {
        long mostAtLatency = _latencyNs / _minGranularityNs;
        long periodNs = tasks > mostAtLatency ? tasks * _minGranularityNs : _latencyNs;
        return Math.Max((long)((Int128)periodNs * weight / totalWeight), _minGranularityNs);
    }
}
