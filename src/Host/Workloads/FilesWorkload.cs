using Sim.Engine.Random;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="FilesOptions"/>: starts the tasks, in turn on the CPUs, and is over when all have ended.</summary>
public sealed class FilesWorkload(Machine machine, FilesOptions options, ulong seed, string name) : IWorkload
{
    private readonly List<FileProgram> _programs = [];
    private bool _started;

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(HasEnded);

    /// <inheritdoc/>
    public double Done => (double)_programs.Sum(p => HasEnded(p) ? options.Blocks : p.Blocks) / Math.Max(1, options.Blocks * _programs.Count);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Count),
        ("killed", _programs.Count(p => machine.State.Virtual.Tasks[p.Pid].Signal != 0)),
        ("blocks", _programs.Sum(p => p.Blocks)),
        ("bytes", _programs.Sum(p => p.Bytes)),
        ("failures", _programs.Sum(p => p.Failures)),
        ("minorFaults", _programs.Sum(p => machine.State.Virtual.Spaces.Faults(p.Pid).Minor)),
        ("majorFaults", _programs.Sum(p => machine.State.Virtual.Spaces.Faults(p.Pid).Major)),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        for (int i = 0; i < options.Tasks; i++)
        {
            int file = machine.Journal.Intern(options.Shared ? $"/{name}/file" : $"/{name}/file-{i}");
            machine.Virtual.Calls.Create(file, options.FileSize.Bytes >> Page.Shift, cause: -1);
            var mapped = new MappedFile(file, Readable: true, Writable: true);
            var program = new FileProgram(options, mapped, new RandomStream(seed, $"{name}/task-{i}"));
            int pid = machine.Virtual.Tasks.Start($"task-{i}", i % machine.Cpus.Length, program, cause: -1);
            if (pid < 0)
            {
                break;
            }
            program.Pid = pid;
            _programs.Add(program);
        }
    }

    private bool HasEnded(FileProgram program) => machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead;
}
