using Sim.Engine.Events;
using Sim.Kernel.Exec;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tasks;

/// <summary>All tasks, what each CPU runs, and the CPUs' run queues. Sourced state.</summary>
public sealed class TaskTable :
    IApply<TaskCreate>, IApply<TaskSwitch>, IApply<TaskWake>, IApply<TaskMigrate>, IApply<TaskExit>, IApply<TaskExec>,
    IApply<TaskParent>, IApply<TaskWait>, IApply<TaskReap>, IApply<TaskMm>
{
    private readonly int[] _current;
    private readonly RunQueue[] _queues;
    private readonly FrameTable _frames;
    private readonly PerTask<TaskInfo> _tasks = new();

    /// <param name="cpus">Number of CPUs.</param>
    /// <param name="frames">The frames, of which kernel stacks are some.</param>
    public TaskTable(int cpus, FrameTable frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cpus);
        _frames = frames;
        _current = new int[cpus];
        _queues = [.. Enumerable.Range(0, cpus).Select(_ => new RunQueue())];
    }

    /// <summary>Number of CPUs.</summary>
    public int Cpus => _current.Length;

    /// <summary>Greatest pid of a program so far; the next has this plus 1.</summary>
    public int MaxPid { get; private set; }

    /// <summary>Threads of the kernel; the first has the pid <see cref="PerTask{T}.FirstThread"/>, the next ones less.</summary>
    public int Threads { get; private set; }

    /// <summary>Programs that have not ended.</summary>
    public int Live { get; private set; }

    /// <summary>A task; <see cref="TaskState.None"/> for a pid never given.</summary>
    public TaskInfo this[int pid] => _tasks.Find(pid);

    /// <summary>Pids of all tasks there have been: programs, then threads of the kernel in the order in which they came.</summary>
    public IEnumerable<int> Pids => [.. Enumerable.Range(1, MaxPid), .. Enumerable.Range(0, Threads).Select(i => PerTask<TaskInfo>.FirstThread - i)];

    /// <summary>Whether a task is a thread of the kernel.</summary>
    public static bool IsThread(int pid) => PerTask<TaskInfo>.IsThread(pid);

    /// <summary>The task a CPU runs; 0 when it is idle.</summary>
    public int Current(int cpu) => _current[cpu];

    /// <summary>The tasks that wait for a CPU.</summary>
    public RunQueue Queue(int cpu) => _queues[cpu];

    /// <summary>A CPU runs nothing, and nothing waits for it.</summary>
    public bool IsIdle(int cpu) => _current[cpu] == 0 && _queues[cpu].Count == 0;

    public void Apply(in TaskCreate e, in EventHeader header)
    {
        bool thread = IsThread(e.Pid);
        _tasks.Reserve(e.Pid);
        if (thread)
        {
            Threads++;
        }
        else
        {
            MaxPid = Math.Max(MaxPid, e.Pid);
            Live++;
            _frames[e.StackPfn].Use = FrameUse.KernelStack;
        }
        _tasks[e.Pid] = new TaskInfo
        {
            Pid = e.Pid,
            Comm = e.Comm,
            Cpu = e.Cpu,
            State = thread ? TaskState.Sleeping : TaskState.Running,
            StackPfn = e.StackPfn,
            Mm = thread ? 0 : e.Pid,
            Nice = e.Nice,
            Weight = TaskWeight.Of(e.Nice),
            VruntimeNs = e.VruntimeNs,
        };
        if (!thread)
        {
            Enqueue(e.Pid);
        }
    }

    public void Apply(in TaskSwitch e, in EventHeader header)
    {
        int previous = _current[e.Cpu];
        RunQueue queue = _queues[e.Cpu];
        if (previous != 0)
        {
            ref TaskInfo task = ref _tasks[previous];
            task.RuntimeNs += e.RanNs;
            task.VruntimeNs += TaskWeight.VirtualNs(e.RanNs, task.Weight);
            if (e.PrevState == TaskState.Running)
            {
                Enqueue(previous);
            }
            else if (e.PrevState == TaskState.Dead)
            {
                task.StackPfn = -1;
            }
            else
            {
                task.State = e.PrevState;
            }
        }
        _current[e.Cpu] = e.Next;
        if (e.Next != 0)
        {
            queue.Remove(e.Next, _tasks[e.Next].Weight);
            _tasks[e.Next].Switches++;
        }
        queue.Advance(e.Next == 0 ? long.MaxValue : _tasks[e.Next].VruntimeNs);
    }

    public void Apply(in TaskWake e, in EventHeader header)
    {
        _tasks[e.Pid].State = TaskState.Running;
        _tasks[e.Pid].WaitsFor = 0;
        _tasks[e.Pid].VruntimeNs = e.VruntimeNs;
        Enqueue(e.Pid);
    }

    public void Apply(in TaskMigrate e, in EventHeader header)
    {
        ref TaskInfo task = ref _tasks[e.Pid];
        bool waits = task.State == TaskState.Running;
        if (waits)
        {
            _queues[task.Cpu].Remove(e.Pid, task.Weight);
        }
        task.Cpu = e.Cpu;
        task.VruntimeNs = e.VruntimeNs;
        task.Migrations++;
        if (waits)
        {
            Enqueue(e.Pid);
        }
    }

    public void Apply(in TaskExit e, in EventHeader header)
    {
        ref TaskInfo task = ref _tasks[e.Pid];
        task.State = task.Parent != 0 ? TaskState.Zombie : TaskState.Dead;
        task.ExitCode = e.ExitCode;
        task.Signal = e.Signal;
        Live--;
    }

    public void Apply(in TaskParent e, in EventHeader header)
    {
        ref TaskInfo task = ref _tasks[e.Pid];
        _tasks[task.Parent].Children -= task.Parent != 0 ? 1 : 0;
        _tasks[e.Parent].Children += e.Parent != 0 ? 1 : 0;
        task.Parent = e.Parent;
    }

    public void Apply(in TaskWait e, in EventHeader header) => _tasks[e.Pid].WaitsFor = e.Child;

    public void Apply(in TaskReap e, in EventHeader header)
    {
        ref TaskInfo task = ref _tasks[e.Pid];
        _tasks[task.Parent].Children--;
        (task.Parent, task.State) = (0, TaskState.Dead);
    }

    public void Apply(in TaskMm e, in EventHeader header) => _tasks[e.Pid].Mm = e.Owner;

    public void Apply(in TaskExec e, in EventHeader header) => _tasks[e.Pid].Comm = e.Comm;

    /// <summary>Appends the state in canonical form.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<int>(_current);
        foreach (RunQueue queue in _queues)
        {
            queue.HashInto(ref hash);
        }
        hash.Add(MaxPid);
        foreach (int pid in Pids)
        {
            ref readonly TaskInfo task = ref _tasks[pid];
            hash.Add(task.Pid);
            hash.Add(task.Comm);
            hash.Add(task.ExitCode);
            hash.Add(task.StackPfn);
            hash.Add(task.Switches);
            // Nothing is added for tasks without family: logs of such keep their hashes.
            if ((task.Parent | task.Children | task.WaitsFor) != 0 || task.Mm != task.Pid)
            {
                hash.Add((long)task.Parent << 32 | (uint)task.Children);
                hash.Add((long)task.WaitsFor << 32 | (uint)task.Mm);
            }
            hash.Add(task.RuntimeNs);
            hash.Add(task.VruntimeNs);
            hash.Add(task.Nice);
            hash.Add(task.Migrations);
            hash.Add((long)task.State | (long)task.Cpu << 8 | (long)task.Signal << 16);
        }
    }

    /// <summary>The first child after a pid, in the order of their making; 0 when there is none.</summary>
    public int NextChild(int parent, int after)
    {
        for (int pid = after + 1; pid <= MaxPid && _tasks[parent].Children > 0; pid++)
        {
            if (_tasks[pid].Parent == parent)
            {
                return pid;
            }
        }
        return 0;
    }

    private void Enqueue(int pid)
    {
        ref readonly TaskInfo task = ref _tasks[pid];
        _queues[task.Cpu].Add(pid, task.VruntimeNs, task.Weight);
        if (_current[task.Cpu] == 0)
        {
            // An idle CPU is about to run its first task.
            _queues[task.Cpu].Advance(long.MaxValue);
        }
    }
}
