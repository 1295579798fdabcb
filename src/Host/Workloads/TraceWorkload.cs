using Sim.Host.Experiments;
using Sim.Kernel;
using Sim.Kernel.Replacement;
using Sim.Kernel.Tasks;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="TraceOptions"/>: one task per replay, over when all have ended.</summary>
public sealed class TraceWorkload : IWorkload
{
    private readonly Machine _machine;
    private readonly TraceOptions _options;
    private readonly TraceProgram[] _programs;
    private bool _started;

    /// <exception cref="ExperimentException">The trace cannot be read, or does not fit the machine's address space.</exception>
    public TraceWorkload(Machine machine, TraceOptions options)
    {
        _machine = machine;
        _options = options;
        _programs = [.. Enumerable.Range(0, options.Tasks).Select(_ => new TraceProgram(machine, options.Open(readAhead: true)))];
        if (!machine.State.Virtual.Spaces.Layout.LongMode)
        {
            throw new ExperimentException($"The trace {options.File} is of a 64-bit program; it needs kernel.profile x86_64.");
        }
        if (PagePolicies.IsOracle(machine.State.Options.Kernel.Reclaim.Policy))
        {
            machine.Virtual.Foretell(_programs[0]);
        }
    }

    /// <inheritdoc/>
    public bool IsFinished => _started && Array.TrueForAll(_programs, HasEnded);

    /// <inheritdoc/>
    public double Done => _programs.Average(p => p.Done);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("tasks", _programs.Length),
        ("accesses", _programs.Sum(p => p.Accesses)),
        ("traceAccesses", _programs.Sum(p => p.TraceAccesses)),
        ("calls", _programs.Sum(p => p.Calls)),
        ("callsWithOtherResult", _programs.Sum(p => p.OtherResults)),
        ("minorFaults", _programs.Sum(p => _machine.State.Virtual.Spaces.Faults(p.Pid).Minor)),
        ("majorFaults", _programs.Sum(p => _machine.State.Virtual.Spaces.Faults(p.Pid).Major)),
        .. _machine.State.Memory.Reclaim?.Memcg is { } group
            ? (IEnumerable<(string, long)>)[("memcgPeakPages", group.PeakPages), ("memcgOomKills", group.OomKills)]
            : [],
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        string comm = Path.GetFileNameWithoutExtension(_options.File.Path);
        for (int i = 0; i < _programs.Length; i++)
        {
            int cpu = i % _machine.Cpus.Length;
            int pid = _machine.Virtual.Tasks.Start(comm, cpu, _programs[i], cause: -1);
            if (pid >= 0)
            {
                _programs[i].Load(pid, _machine.Cpus[cpu]);
            }
        }
    }

    /// <summary>A task that found no memory to start with, or has exited or been killed.</summary>
    private bool HasEnded(TraceProgram program) =>
        program.Pid == 0 || _machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead;
}
