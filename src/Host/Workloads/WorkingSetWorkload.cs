using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="WorkingSetOptions"/>: starts the tasks, in turn on the CPUs, and is over when all have ended.</summary>
public sealed class WorkingSetWorkload(Machine machine, WorkingSetOptions options, ulong seed, string name) : IWorkload
{
    private readonly List<VisitProgram> _programs = [];
    private bool _started;

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(HasEnded);

    /// <inheritdoc/>
    public double Done => (double)_programs.Sum(p => HasEnded(p) ? p.Wanted : p.Visits) / Math.Max(1, _programs.Sum(p => p.Wanted));

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Count),
        ("killed", _programs.Count(p => machine.State.Virtual.Tasks[p.Pid].Signal != 0)),
        ("visits", _programs.Sum(p => p.Visits)),
        ("minorFaults", _programs.Sum(p => machine.State.Virtual.Spaces.Faults(p.Pid).Minor)),
        ("majorFaults", _programs.Sum(p => machine.State.Virtual.Spaces.Faults(p.Pid).Major)),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        VisitProgram[] programs =
        [
            .. Enumerable.Range(0, options.Tasks).Select(i => new VisitProgram(machine, options, new RandomStream(seed, $"{name}/task-{i}"), _programs)),
        ];
        if (options.Shared)
        {
            programs[0].Children = programs[1..];
            programs = programs[..1];
        }
        for (int i = 0; i < programs.Length; i++)
        {
            VisitProgram program = programs[i];
            int cpu = i % machine.Cpus.Length;
            int pid = machine.Virtual.Tasks.Start($"task-{i}", cpu, program, cause: -1);
            if (pid < 0)
            {
                break;
            }
            program.Pid = pid;
            _programs.Add(program);
        }
    }

    private bool HasEnded(VisitProgram program) => machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead;

    /// <summary>One task: map, share what is mapped, fill page by page, visit, grow, exit.</summary>
    private sealed class VisitProgram(Machine machine, WorkingSetOptions options, RandomStream random, List<VisitProgram> running) : IProgram
    {
        private readonly MemoryAccess[] _batch = new MemoryAccess[Math.Max(256, options.AccessesPerVisit)];
        private readonly long _pages = options.Footprint.Bytes >> Page.Shift;
        private readonly long _growthPages = options.Growth.Bytes >> Page.Shift;
        private ulong _start, _growth;
        private int _filled, _done;
        private long _next;

        public int Pid { get; set; }

        /// <summary>Forked when the memory is mapped, which they share.</summary>
        public VisitProgram[]? Children { get; set; }

        /// <summary>Pages to fill, and visits.</summary>
        public long Wanted => _pages + options.Visits + _growthPages;

        /// <summary>Pages filled and visits drawn so far.</summary>
        public long Visits => _next;

        public ProgramStatus Step(TaskContext task)
        {
            if ((_start == 0 && !(Map(task, options.Footprint.Bytes, options.Shared, ref _start) && Share(task)))
                || (_growth == 0 && _growthPages > 0 && _next == _pages + options.Visits && _done == _filled
                    && !Map(task, options.Growth.Bytes, shared: false, ref _growth)))
            {
                task.ExitCode = 1;
                return ProgramStatus.Exited;
            }
            if (_done == _filled)
            {
                if (_next == Wanted)
                {
                    return ProgramStatus.Exited;
                }
                _done = _filled = 0;
                long end = _next < _pages + options.Visits ? _pages + options.Visits : Wanted;
                while (_next < end && _filled + options.AccessesPerVisit <= _batch.Length)
                {
                    Draw();
                }
            }
            _done += task.Run(_batch.AsSpan(_done, _filled - _done));
            return ProgramStatus.Running;
        }

        private static bool Map(TaskContext task, long bytes, bool shared, ref ulong start)
        {
            long at = task.Calls.Mmap(task, 0, (ulong)bytes, ProtFlags.Read | ProtFlags.Write, (shared ? MapFlags.Shared : MapFlags.Private) | MapFlags.Anonymous);
            start = at < 0 ? 0 : (ulong)at;
            return at >= 0;
        }

        private bool Share(TaskContext task)
        {
            foreach (VisitProgram child in Children ?? [])
            {
                child._start = _start;
                long pid = machine.Virtual.Tasks.Fork(task, child);
                if (pid < 0)
                {
                    return false;
                }
                child.Pid = (int)pid;
                running.Add(child);
            }
            Children = null;
            return true;
        }

        private void Draw()
        {
            long page = _next, grown = _next - _pages - options.Visits;
            AccessKind kind = AccessKind.Store;
            if (_next >= _pages && grown < 0)
            {
                ulong draw = random.NextUInt64();
                ulong hot = (ulong)Math.Max(1, _pages * options.HotPercent / 100);
                bool toHot = draw % 100 < (ulong)options.HotVisitPercent && options.HotPercent > 0;
                page = (long)random.NextBelow(toHot ? hot : (ulong)_pages);
                kind = (draw >> 32) % 100 < (ulong)options.WritePercent ? AccessKind.Store : AccessKind.Load;
            }
            _next++;
            ulong address = grown < 0 ? _start + ((ulong)page << Page.Shift) : _growth + ((ulong)grown << Page.Shift);
            for (int i = 0; i < options.AccessesPerVisit; i++)
            {
                _batch[_filled++] = new MemoryAccess(address + ((ulong)i * 64 % 4096), 8, kind)
                {
                    ComputeCycles = (uint)options.ComputeCycles,
                };
            }
        }
    }
}
