using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Host.Workloads;

/// <summary>
/// A task that executes a file, touches what it finds mapped in address order (code by fetching, data by writing, the rest by
/// reading), moves its heap, and executes the file again; or forks children that do, and waits for them.
/// </summary>
internal sealed class ExecutingProgram(
    ProgramsWorkload workload, Machine machine, ProgramsOptions options, ExperimentPrograms files, RandomStream random, bool isChild) : IProgram
{
    private const int BatchAccesses = 256, FailedExitCode = 127;

    private readonly MemoryAccess[] _batch = new MemoryAccess[BatchAccesses];
    private readonly ProgramArguments _arguments = ProgramArguments.Of(
        options.PathInMachine, [options.PathInMachine, .. options.Arguments], options.Environment);
    private int _filled, _made, _forked;
    private ulong _next, _end, _stackPointer;
    private bool _executing, _heapMoved;

    /// <summary>The task.</summary>
    public int Pid { get; set; }

    /// <summary>Executions so far, failed ones included.</summary>
    public long Executions { get; private set; }

    /// <summary>Failed ones.</summary>
    public long Failures { get; private set; }

    /// <summary>Accesses made.</summary>
    public long Accesses { get; private set; }

    /// <inheritdoc/>
    public ProgramStatus Step(TaskContext task)
    {
        while (!task.IsOver)
        {
            if (!_executing)
            {
                if (Executions == (options.Fork ? 1 : options.Executions))
                {
                    if (options.Fork && !isChild && _forked < options.Executions && workload.Fork(task, _forked))
                    {
                        _forked++;
                        continue;
                    }
                    // Lets go of one child after the other, sleeping as long as none has ended; -ECHILD when there is no more.
                    if (_forked > 0 && machine.Virtual.Tasks.Wait4(task, -1, hang: true, out _) != -(long)Errno.ECHILD)
                    {
                        continue;
                    }
                    return ProgramStatus.Exited;
                }
                if (!Execute(task))
                {
                    task.ExitCode = FailedExitCode;
                    return ProgramStatus.Exited;
                }
            }
            else if (_made < _filled || Fill())
            {
                int made = task.Run(_batch.AsSpan(_made, _filled - _made));
                _made += made;
                Accesses += made;
            }
            else if (!_heapMoved)
            {
                MoveHeap(task);
            }
            else
            {
                _executing = false;
            }
        }
        return ProgramStatus.Running;
    }

    private bool Execute(TaskContext task)
    {
        Executions++;
        ProgramStart? start = machine.Virtual.Programs.Execve(task, options.PathInMachine, _arguments, files, out _);
        if (start is null)
        {
            Failures++;
            return false;
        }
        _executing = true;
        _heapMoved = options.HeapPages == 0;
        _stackPointer = start.StackPointer;
        _next = 0;
        _end = machine.State.Virtual.Spaces.Layout.TaskSizeOf(machine.State.Virtual.Spaces[Pid]);
        _filled = _made = 0;
        return true;
    }

    /// <summary>Moves the end of the heap up; what is new there is touched.</summary>
    private void MoveHeap(TaskContext task)
    {
        _heapMoved = true;
        _next = AddressSpaces.PageAlign((ulong)task.Calls.Brk(task, 0));
        _end = (ulong)task.Calls.Brk(task, _next + ((ulong)options.HeapPages << 12));
    }

    /// <summary>Collects the next accesses; false when all areas have been visited.</summary>
    private bool Fill()
    {
        AddressSpaces spaces = machine.State.Virtual.Spaces;
        AddressSpace mm = spaces[Pid];
        _filled = _made = 0;
        for (AreaCursor at = mm.Areas.Find(_next); mm.Areas.IsValid(at) && mm.Areas.Start(at) < _end && _filled < BatchAccesses; at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref spaces.Areas[mm.Areas.Handle(at)];
            bool growing = (area.VmFlags & VmFlags.GrowsDown) != 0;
            _next = Math.Max(Math.Max(_next, area.VmStart), growing ? _stackPointer & ~0xfffUL : 0);
            if ((area.VmFlags & VmFlags.Access) == 0 || (area.VmFlags & VmFlags.Io) != 0)
            {
                _next = area.VmEnd;
                continue;
            }
            AccessKind kind = (area.VmFlags & VmFlags.Write) != 0 ? AccessKind.Store
                : (area.VmFlags & VmFlags.Exec) != 0 ? AccessKind.Fetch
                : AccessKind.Load;
            for (; _next < Math.Min(area.VmEnd, _end) && _filled < BatchAccesses; _next += 4096)
            {
                if (random.NextBelow(100) < (ulong)options.TouchPercent)
                {
                    _batch[_filled++] = new MemoryAccess(_next, 4, kind);
                }
            }
        }
        return _filled > 0;
    }
}
