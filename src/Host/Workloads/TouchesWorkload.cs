using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="TouchesOptions"/>: starts the tasks, in turn on the CPUs, and is over when all have ended.</summary>
public sealed class TouchesWorkload(Machine machine, TouchesOptions options, string name) : IWorkload
{
    private readonly List<TouchingProgram> _programs = [];
    private bool _started;

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(HasEnded);

    /// <inheritdoc/>
    public double Done => (double)_programs.Count(HasEnded) / options.Touches.Count;

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Count),
        ("segmentationFaults", _programs.Count(p => machine.State.Virtual.Tasks[p.Pid].Signal == Signal.Segv)),
        ("busErrors", _programs.Count(p => machine.State.Virtual.Tasks[p.Pid].Signal == Signal.Bus)),
        ("stackPages", _programs.Sum(p => p.StackPages)),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        int file = machine.Journal.Intern($"/{name}/program");
        machine.Virtual.Calls.Create(file, TouchingProgram.TextBytes >> Page.Shift, cause: -1);
        for (int i = 0; i < options.Touches.Count; i++)
        {
            TouchKind kind = options.Touches[i];
            int cpu = i % machine.Cpus.Length;
            AddressLayout layout = machine.State.Virtual.Spaces.Layout;
            var program = new TouchingProgram(kind, layout, new MappedFile(file, Readable: true, Writable: false));
            int pid = machine.Virtual.Tasks.Start($"touch-{kind.ToString().ToLowerInvariant()}", cpu, program, cause: -1);
            if (pid < 0)
            {
                break;
            }
            program.Pid = pid;
            machine.Virtual.Mapping.MapStack(pid, program.StackTop - TouchingProgram.StackBytes, program.StackTop, machine.Cpus[cpu], cause: -1);
            machine.Virtual.Mapping.SetLayout(pid, TouchingProgram.HeapStart, program.StackTop - Page.Size, cause: -1);
            _programs.Add(program);
        }
    }

    private bool HasEnded(TouchingProgram program) => machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead;
}
