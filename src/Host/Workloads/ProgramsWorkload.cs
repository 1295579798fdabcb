using Sim.Engine.Random;
using Sim.Host.Experiments;
using Sim.Kernel;
using Sim.Kernel.Tasks;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="ProgramsOptions"/>: starts the tasks and is over when all have ended.</summary>
public sealed class ProgramsWorkload : IWorkload
{
    private readonly Machine _machine;
    private readonly ProgramsOptions _options;
    private readonly ExperimentPrograms _files;
    private readonly ulong _seed;
    private readonly string _name;
    private readonly List<ExecutingProgram> _programs = [];
    private bool _started;

    /// <exception cref="ExperimentException">The program cannot be read, or is of another kernel's kind.</exception>
    public ProgramsWorkload(Machine machine, ProgramsOptions options, ulong seed, string name)
    {
        _machine = machine;
        _options = options;
        _seed = seed;
        _name = name;
        _files = ExperimentPrograms.Open(options);
        if (!machine.Virtual.Programs.Executes(_files.Image.Class))
        {
            throw new ExperimentException($"The program {options.Program} is an {_files.Image.Class.ToString().ToUpperInvariant()} file; it needs kernel.profile x86_64.");
        }
    }

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(p => _machine.State.Virtual.Tasks[p.Pid].State == TaskState.Dead);

    /// <inheritdoc/>
    public double Done => (double)_programs.Sum(p => p.Executions) / ((long)_options.Tasks * (_options.Executions + (_options.Fork ? 1 : 0)));

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Count),
        ("executions", _programs.Sum(p => p.Executions)),
        ("failedExecutions", _programs.Sum(p => p.Failures)),
        ("accesses", _programs.Sum(p => p.Accesses)),
        ("minorFaults", _programs.Sum(p => _machine.State.Virtual.Spaces.Faults(p.Pid).Minor)),
        ("majorFaults", _programs.Sum(p => _machine.State.Virtual.Spaces.Faults(p.Pid).Major)),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        for (int i = 0; i < _options.Tasks; i++)
        {
            var program = new ExecutingProgram(this, _machine, _options, _files, new RandomStream(_seed, $"{_name}/task-{i}"), isChild: false);
            int pid = _machine.Virtual.Tasks.Start("sh", i % _machine.Cpus.Length, program, cause: -1);
            if (pid < 0)
            {
                break;
            }
            program.Pid = pid;
            _programs.Add(program);
        }
    }

    /// <summary>A child of a task goes its own way to the next execution.</summary>
    internal bool Fork(TaskContext parent, int number)
    {
        var child = new ExecutingProgram(this, _machine, _options, _files, new RandomStream(_seed, $"{_name}/task-{parent.Pid}-{number}"), isChild: true);
        long pid = _options.Vfork ? _machine.Virtual.Tasks.Vfork(parent, child) : _machine.Virtual.Tasks.Fork(parent, child);
        if (pid < 0)
        {
            return false;
        }
        child.Pid = (int)pid;
        _programs.Add(child);
        return true;
    }
}
