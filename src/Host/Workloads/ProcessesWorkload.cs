using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="ProcessesOptions"/>: starts the tasks, in turn on the CPUs, and is over when all have ended.</summary>
public sealed class ProcessesWorkload(Machine machine, ProcessesOptions options, ulong seed, string name) : IWorkload
{
    private readonly List<MappingProgram> _programs = [];
    private bool _started;

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(HasEnded);

    /// <inheritdoc/>
    public double Done => (double)_programs.Sum(p => p.Rounds) / ((long)options.Tasks * options.Rounds);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Count),
        ("rounds", _programs.Sum(p => p.Rounds)),
        ("accesses", _programs.Sum(p => p.Accesses)),
        ("failedCalls", _programs.Sum(p => p.FailedCalls)),
        ("minorFaults", _programs.Sum(p => machine.State.Virtual.Spaces.Faults(p.Pid).Minor)),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        for (int i = 0; i < options.Tasks; i++)
        {
            var program = new MappingProgram(options, new RandomStream(seed, $"{name}/task-{i}"));
            int cpu = i % machine.Cpus.Length;
            int pid = machine.Virtual.Tasks.Start($"task-{i}", cpu, program, cause: -1);
            if (pid < 0)
            {
                break;
            }
            program.Pid = pid;
            program.Load(machine, machine.Cpus[cpu]);
            _programs.Add(program);
        }
    }

    private bool HasEnded(MappingProgram program) => machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead;

    /// <summary>One task: map, touch, unmap the oldest, move the heap's end, sleep; again.</summary>
    private sealed class MappingProgram(ProcessesOptions options, RandomStream random) : IProgram
    {
        private const ulong HeapStart = 0x0100_0000;
        private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

        private readonly Queue<(ulong Start, ulong Length)> _mappings = new();
        private readonly MemoryAccess[] _batch = new MemoryAccess[Math.Max(256, options.AccessesPerPage)];
        private int _filled, _done;
        private ulong _touch, _touchEnd, _brk = HeapStart;
        private Phase _phase, _afterTouch;

        private enum Phase : byte
        {
            Map,
            Touch,
            Unmap,
            Heap,
            Sleep,
        }

        public int Pid { get; set; }

        public long Rounds { get; private set; }

        public long Accesses { get; private set; }

        public long FailedCalls { get; private set; }

        public void Load(Machine machine, Cpu cpu)
        {
            ulong top = machine.State.Virtual.Spaces.Layout.TaskSize;
            machine.Virtual.Mapping.MapStack(Pid, top - (34 * 4096), top, cpu, cause: -1);
            machine.Virtual.Mapping.SetLayout(Pid, HeapStart, top - 4096, cause: -1);
        }

        public ProgramStatus Step(TaskContext task)
        {
            switch (_phase)
            {
                case Phase.Map:
                    Map(task);
                    break;
                case Phase.Touch:
                    Touch(task);
                    break;
                case Phase.Unmap:
                    Unmap(task);
                    break;
                case Phase.Heap:
                    MoveHeap(task);
                    break;
                default:
                    _phase = Phase.Map;
                    if (++Rounds == options.Rounds)
                    {
                        return ProgramStatus.Exited;
                    }
                    if (options.Sleep.Ps > 0)
                    {
                        task.SleepPs = options.Sleep.Ps;
                        return ProgramStatus.Sleeping;
                    }
                    break;
            }
            return ProgramStatus.Running;
        }

        private void Map(TaskContext task)
        {
            ulong pages = (ulong)options.MinPages + random.NextBelow((ulong)(options.MaxPages - options.MinPages + 1));
            long start = task.Calls.Mmap(task, 0, pages << 12, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
            _phase = Phase.Unmap;
            if (start < 0)
            {
                FailedCalls++;
                return;
            }
            _mappings.Enqueue(((ulong)start, pages << 12));
            _touch = (ulong)start;
            _touchEnd = (ulong)start + (pages << 12);
            (_phase, _afterTouch) = (Phase.Touch, Phase.Unmap);
        }

        /// <summary>Fills a batch of accesses and makes it; an interrupted batch goes on where it stopped.</summary>
        private void Touch(TaskContext task)
        {
            if (_done == _filled)
            {
                _done = _filled = 0;
                while (_touch < _touchEnd && _filled + options.AccessesPerPage <= _batch.Length)
                {
                    Fill(_touch);
                    _touch += 4096;
                }
            }
            int made = task.Run(_batch.AsSpan(_done, _filled - _done));
            _done += made;
            Accesses += made;
            if (_done == _filled && _touch >= _touchEnd)
            {
                _phase = _afterTouch;
            }
        }

        private void Fill(ulong page)
        {
            ulong draw = random.NextUInt64();
            if (draw % 100 >= (ulong)options.TouchPercent)
            {
                return;
            }
            AccessKind kind = (draw >> 32) % 100 < (ulong)options.WritePercent ? AccessKind.Store : AccessKind.Load;
            for (int i = 0; i < options.AccessesPerPage; i++)
            {
                _batch[_filled++] = new MemoryAccess(page + ((ulong)i * 64 % 4096), 8, kind);
            }
        }

        private void Unmap(TaskContext task)
        {
            _phase = Phase.Heap;
            if (_mappings.Count > options.LiveMappings)
            {
                (ulong start, ulong length) = _mappings.Dequeue();
                FailedCalls += task.Calls.Munmap(task, start, length) < 0 ? 1 : 0;
            }
        }

        private void MoveHeap(TaskContext task)
        {
            _phase = Phase.Sleep;
            if (options.BrkPages == 0)
            {
                return;
            }
            ulong wanted = _brk - ((ulong)options.BrkPages << 12) + (random.NextBelow((ulong)(2 * options.BrkPages) + 1) << 12);
            wanted = Math.Max(wanted, HeapStart);
            ulong got = (ulong)task.Calls.Brk(task, wanted);
            FailedCalls += got == wanted ? 0 : 1;
            if (got > _brk)
            {
                (_touch, _touchEnd) = (_brk, got);
                (_phase, _afterTouch) = (Phase.Touch, Phase.Sleep);
            }
            _brk = got;
        }
    }
}
