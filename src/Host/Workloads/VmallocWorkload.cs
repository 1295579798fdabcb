using Sim.Engine.Random;
using Sim.Kernel;
using Sim.Kernel.Tasks;
using Sim.Kernel.Vmalloc;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="VmallocOptions"/>: a driver's tasks, which live in the kernel; it is over when all have ended.</summary>
public sealed class VmallocWorkload(Machine machine, VmallocOptions options, ulong seed, string name) : IWorkload
{
    private readonly List<BufferProgram> _programs = [];
    private bool _started;
    private long _startPs;

    /// <inheritdoc/>
    public bool IsFinished => _started && _programs.TrueForAll(p => machine.State.Virtual.Tasks[p.Pid].State == TaskState.Dead);

    /// <inheritdoc/>
    public double Done => Math.Min(1, (double)(machine.Scheduler.NowPs - _startPs) / options.Duration.Ps);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics
    {
        get
        {
            foreach (bool contiguous in (bool[])[true, false])
            {
                BufferCosts costs = BufferCosts.Sum(_programs.Select(p => p.CostsOf(contiguous)));
                string prefix = contiguous ? "kmalloc" : "vmalloc";
                yield return (prefix + "Requests", costs.Requests);
                yield return (prefix + "Failures", costs.Failures);
                yield return (prefix + "Bytes", costs.Bytes);
                yield return (prefix + "WastedBytes", costs.WastedBytes);
                yield return (prefix + "AllocNs", costs.AllocPs / 1000);
                yield return (prefix + "FreeNs", costs.FreePs / 1000);
                yield return (prefix + "Reads", costs.Reads);
                yield return (prefix + "ReadNs", costs.ReadPs / 1000);
                yield return (prefix + "TlbMisses", costs.TlbMisses);
                yield return (prefix + "Walks", costs.Walks);
            }
            VmallocState vmalloc = machine.State.Virtual.Vmalloc;
            yield return ("vmallocPurges", vmalloc.Purges);
            yield return ("vmallocLazyPages", vmalloc.LazyPages);
            yield return ("kmaps", machine.State.Virtual.Highmem.Maps);
            yield return ("kmapReuses", machine.State.Virtual.Highmem.Reuses);
            yield return ("kmapFlushes", machine.State.Virtual.Highmem.Flushes);
        }
    }

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _started = true;
        _startPs = nowPs;
        var fragments = new FragmentedMemory(machine, options.FragmentPercent);
        for (int i = 0; i < options.Tasks; i++)
        {
            var program = new BufferProgram(machine, options, new RandomStream(seed, $"{name}/task-{i}"), fragments, i == 0);
            program.Pid = machine.Virtual.Tasks.Start($"driver-{i}", i % machine.Cpus.Length, program, cause: -1);
            if (program.Pid < 0)
            {
                break;
            }
            _programs.Add(program);
        }
    }
}
