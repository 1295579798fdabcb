using Sim.Hardware.Cpu;

namespace Sim.Kernel.Tasks;

/// <summary>What a kernel thread does. Execution state.</summary>
internal interface IThreadWork
{
    /// <summary>The event because of which it is at work.</summary>
    long Cause { get; }

    /// <summary>Goes on with what there is to do. Called after <see cref="KernelThread.Wake"/>, and as long as it returns true.</summary>
    /// <param name="cpu">The CPU it runs on, charged the time.</param>
    /// <param name="untilPs">Time at which it is to return, in picoseconds.</param>
    /// <returns>True when more is to be done at once; false to sleep until it is woken.</returns>
    bool Work(CpuClock cpu, long untilPs);
}
