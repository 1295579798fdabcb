using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Tasks;

/// <summary>
/// A thread of the kernel (kernel/kthread.c): a task whose program is the kernel's own work. It has no address space and borrows
/// the one that its CPU has loaded. Where no program was ever started there is nobody to share a CPU with: there the work takes the
/// CPU's time slice by slice, and there are no tasks. Execution state.
/// </summary>
internal sealed class KernelThread : IProgram, IComponent
{
    private readonly KernelThreads _threads;
    private readonly IThreadWork _work;
    private readonly long _slicePs;
    private readonly ushort _id;

    internal KernelThread(KernelThreads threads, string comm, IThreadWork work, long slicePs, int nice)
    {
        _threads = threads;
        Comm = comm;
        _work = work;
        _slicePs = slicePs;
        Nice = nice;
        _id = threads.Scheduler.Register(this);
    }

    /// <summary>Its name.</summary>
    public string Comm { get; }

    /// <summary>Its nice value.</summary>
    public int Nice { get; }

    /// <summary>Its pid; 0 before it is first woken as a task.</summary>
    public int Pid { get; internal set; }

    /// <summary>There is something to do for it (<c>wake_up_process</c>). Not while it works: then it looks for itself.</summary>
    public void Wake(long cause)
    {
        if (_threads.Tasks is { AnyStarted: true } tasks)
        {
            tasks.Wake(this, cause);
            return;
        }
        CpuClock cpu = _threads.Home;
        cpu.BeginDispatch(_threads.Scheduler.NowPs);
        if (_work.Work(cpu, cpu.TimePs + _slicePs))
        {
            _threads.Scheduler.Schedule(cpu.TimePs, _id, 0, _work.Cause);
        }
    }

    /// <summary>The next slice.</summary>
    public void Handle(in Message message) => Wake(message.Cause);

    public ProgramStatus Step(TaskContext task)
    {
        if (!_work.Work(task.Cpu, task.UntilPs))
        {
            task.SleepUntilWoken(_work.Cause);
        }
        return ProgramStatus.Running;
    }
}
