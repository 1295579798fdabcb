using Sim.Hardware.Cpu;

namespace Sim.Kernel.Tasks;

/// <content>Threads of the kernel.</content>
public sealed partial class TaskRunner
{
    /// <summary>A program was started, so that CPUs are shared.</summary>
    internal bool AnyStarted => _tasks.MaxPid > 0;

    /// <summary>Wakes a thread of the kernel that sleeps. It becomes a task when it has something to do for the first time.</summary>
    internal void Wake(KernelThread thread, long cause)
    {
        if (thread.Pid == 0)
        {
            thread.Pid = _kernel.Processes.CreateThread(thread.Comm, _kernel.Threads.Home.Id, thread.Nice, cause);
            _runsOf.Reserve(thread.Pid);
            _runsOf[thread.Pid].Program = thread;
        }
        Wake(thread.Pid, TaskState.Sleeping, cause, RescheduleVector);
    }

    /// <summary>From an interrupt to what it stopped.</summary>
    private static void ReturnFrom(Cpu cpu, bool user, long entry) => _ = user ? cpu.ReturnToUser(entry) : cpu.ReturnToKernel(entry);

    /// <summary>A thread of the kernel goes on where it was: what had stopped it, or the task before it, is over.</summary>
    private static void ReturnToThread(Cpu cpu, long cause)
    {
        while (cpu.Depth > 1)
        {
            cpu.ReturnToKernel(cause);
        }
    }
}
