using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Tasks;

/// <summary>What the kernel's threads share.</summary>
/// <param name="scheduler">Tells the time, and keeps slices where there are no tasks.</param>
/// <param name="home">The CPU on which threads begin.</param>
internal sealed class KernelThreads(Scheduler scheduler, CpuClock home)
{
    /// <summary>Tells the time.</summary>
    public Scheduler Scheduler { get; } = scheduler;

    /// <summary>The CPU on which threads begin; without tasks, the one whose time they take.</summary>
    public CpuClock Home { get; } = home;

    /// <summary>Runs the threads; set when it is there.</summary>
    public TaskRunner? Tasks { get; set; }

    /// <summary>A thread, asleep.</summary>
    /// <param name="comm">Its name.</param>
    /// <param name="work">What it does.</param>
    /// <param name="sliceNs">How long it works before it lets others run, where there are no tasks; at least one step.</param>
    /// <param name="nice">Its nice value.</param>
    public KernelThread Make(string comm, IThreadWork work, long sliceNs, int nice = 0) => new(this, comm, work, sliceNs * 1000L, nice);
}
