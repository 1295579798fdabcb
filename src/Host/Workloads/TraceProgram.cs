using System.Runtime.InteropServices;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Host.Experiments;
using Sim.Host.Traces;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Replacement;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;

namespace Sim.Host.Workloads;

/// <summary>
/// Executes a trace: accesses as they stand, in runs between two events, and system calls as the program made them. A new
/// mapping is put where the real kernel put it, so that the accesses that follow meet it.
/// </summary>
internal sealed class TraceProgram(Machine machine, TraceReader reader) : IProgram, IReferenceOracle, IDisposable
{
    private const int BatchRecords = 8_192;

    private readonly TraceRecord[] _records = new TraceRecord[BatchRecords];
    private readonly List<UserBuffer> _buffers = [];
    private int _next, _count, _runEnd;
    private bool _callUnderWay, _ended;
    private TraceEvent _call;
    private TaskContext? _running;

    [NotInSnapshot]
    private TraceReferences? _references;

    /// <summary>The task; 0 before it is loaded.</summary>
    public int Pid { get; private set; }

    /// <summary>Accesses made so far, those of the kernel for system calls not counted.</summary>
    public long Accesses { get; private set; }

    /// <summary>Accesses in the whole trace.</summary>
    public long TraceAccesses => reader.Header.Accesses;

    /// <summary>System calls made so far.</summary>
    public long Calls { get; private set; }

    /// <summary>Mapping calls that came to another result than in the trace.</summary>
    public long OtherResults { get; private set; }

    /// <summary>Where it is in its <see cref="TraceReferences"/>.</summary>
    public long Position => _running is null ? 2 * Accesses : (2 * (Accesses + _running.Completed)) + 1;

    /// <summary>Share of the accesses made.</summary>
    public double Done => TraceAccesses == 0 ? 1 : (double)Accesses / TraceAccesses;

    /// <summary>Maps what the program started with: the areas at the head of the trace.</summary>
    public void Load(int pid, Cpu cpu)
    {
        Pid = pid;
        ulong heap = 0, heapLength = 0, stack = 0;
        while (Fill() && _records[_next].Kind == TraceRecordKind.Area)
        {
            TraceArea area = TraceArea.From(in reader.Event(in _records[_next++]));
            switch (area.Kind)
            {
                case TraceAreaKind.Stack:
                    stack = area.End;
                    Check(machine.Virtual.Mapping.MapStack(pid, area.Start, area.End, cpu, cause: -1), area);
                    break;
                case TraceAreaKind.Heap:
                    (heap, heapLength) = (area.Start, area.Length);
                    break;
                default:
                    MapFlags flags = MapFlags.Private | MapFlags.Fixed | (area.IsAnonymous ? MapFlags.Anonymous : 0);
                    Check(machine.Virtual.Mapping.Mmap(
                        pid, area.Start, area.Length, (ProtFlags)area.Protection, flags, FileOf(area.SymbolId), area.FileOffset, cpu, cause: -1), area);
                    break;
            }
        }
        machine.Virtual.Mapping.SetLayout(pid, heap, stack, cause: -1);
        if (heapLength > 0)
        {
            machine.Virtual.Mapping.Brk(pid, heap + heapLength, cpu, cause: -1);
        }
    }

    /// <inheritdoc/>
    public ProgramStatus Step(TaskContext task)
    {
        while (!task.IsOver)
        {
            if (!Fill())
            {
                if (_callUnderWay)
                {
                    EndCall(task);
                    continue;
                }
                return ProgramStatus.Exited;
            }
            if (_next < _runEnd)
            {
                Run(task);
                continue;
            }
            TraceRecord record = _records[_next];
            if (record.IsAccess)
            {
                if (_callUnderWay)
                {
                    EndCall(task);
                    continue;
                }
                _runEnd = FindRunEnd();
            }
            else
            {
                Take(task, in record);
            }
        }
        return ProgramStatus.Running;
    }

    /// <inheritdoc/>
    public long NextUse(int pid, long vpn) => pid == Pid ? References.Next(vpn, Position) : long.MaxValue;

    /// <inheritdoc/>
    public long LastUse(int pid, long vpn) => pid == Pid ? References.Last(vpn, Position) : -1;

    private TraceReferences References => _references ??= ReadReferences();

    private TraceReferences ReadReferences()
    {
        try
        {
            return TraceReferences.Read(reader.FilePath);
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();

    private void Run(TaskContext task)
    {
        _running = task;
        int made = task.Run(MemoryMarshal.Cast<TraceRecord, MemoryAccess>(_records.AsSpan(_next, _runEnd - _next)));
        _running = null;
        _next += made;
        Accesses += made;
    }

    private int FindRunEnd()
    {
        int end = _next + 1;
        while (end < _count && _records[end].IsAccess)
        {
            end++;
        }
        return end;
    }

    /// <summary>Reads on when the batch is used up; false at the end of the trace.</summary>
    private bool Fill()
    {
        if (_next == _count && !_ended)
        {
            _next = _runEnd = 0;
            try
            {
                _count = reader.ReadBatch(_records);
            }
            catch (TraceFormatException e)
            {
                throw new ExperimentException(e.Message, e);
            }
            if (_count == 0)
            {
                _ended = true;
                reader.Dispose();
            }
        }
        return !_ended;
    }

    /// <summary>An event of the trace. The buffers of a call follow it, so the call is made when the next record is no buffer.</summary>
    private void Take(TaskContext task, in TraceRecord record)
    {
        if (record.Kind is TraceRecordKind.KernelRead or TraceRecordKind.KernelWrite)
        {
            _buffers.Add(new UserBuffer(record.Address, record.Size, record.Kind == TraceRecordKind.KernelWrite));
            if (!_callUnderWay)
            {
                _callUnderWay = true;
                _call = default;
            }
            _next++;
            return;
        }
        if (_callUnderWay)
        {
            EndCall(task);
            return;
        }
        _call = reader.Event(in record);
        _callUnderWay = true;
        _next++;
    }

    private void EndCall(TaskContext task)
    {
        TraceEvent call = _call;
        if (call.Failed || !MakeMappingCall(task, in call))
        {
            task.Calls.Other(task, (int)call.SyscallNumber, CollectionsMarshal.AsSpan(_buffers), call.Result);
            if (task.IsBlocked)
            {
                return;
            }
        }
        _callUnderWay = false;
        Calls++;
        _buffers.Clear();
    }

    private bool MakeMappingCall(TaskContext task, in TraceEvent call)
    {
        switch (call.Kind)
        {
            case TraceRecordKind.Mmap:
                Expect(call.Result, Mmap(task, (ulong)call.Result, call.Argument1, (ProtFlags)call.Argument2, (MapFlags)call.Argument3, call.SymbolId, call.Argument5));
                return true;
            case TraceRecordKind.Munmap:
                Expect(call.Result, task.Calls.Munmap(task, call.Argument0, call.Argument1));
                return true;
            case TraceRecordKind.Mprotect:
                Expect(call.Result, task.Calls.Mprotect(task, call.Argument0, call.Argument1, (ProtFlags)call.Argument2));
                return true;
            case TraceRecordKind.Brk:
                Expect(call.Result, task.Calls.Brk(task, call.Argument0));
                return true;
            case TraceRecordKind.Mremap:
                Mremap(task, call.Argument0, LinuxAbi.PageAlign(call.Argument1), LinuxAbi.PageAlign(call.Argument2), (ulong)call.Result);
                return true;
            default:
                return false;
        }
    }

    private long Mmap(TaskContext task, ulong address, ulong length, ProtFlags prot, MapFlags flags, int symbol, ulong offset) =>
        task.Calls.Mmap(task, address, length, prot, (flags & ~MapFlags.FixedNoReplace) | MapFlags.Fixed, FileOf(symbol), offset);

    /// <summary>
    /// The calls that have the same effect on which addresses are mapped. The pages of a mapping that moves are not taken
    /// along but faulted in again when they are touched.
    /// </summary>
    private void Mremap(TaskContext task, ulong from, ulong oldLength, ulong newLength, ulong to)
    {
        const MapFlags Anonymous = MapFlags.Private | MapFlags.Anonymous;
        const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
        if (to != from)
        {
            Expect((long)to, Mmap(task, to, newLength, ReadWrite, Anonymous, -1, 0));
            Expect(0, task.Calls.Munmap(task, from, oldLength));
        }
        else if (newLength < oldLength)
        {
            Expect(0, task.Calls.Munmap(task, from + newLength, oldLength - newLength));
        }
        else if (newLength > oldLength)
        {
            Expect((long)(from + oldLength), Mmap(task, from + oldLength, newLength - oldLength, ReadWrite, Anonymous, -1, 0));
        }
    }

    private void Expect(long expected, long actual) => OtherResults += expected == actual ? 0 : 1;

    private MappedFile FileOf(int symbol) =>
        symbol < 0 ? MappedFile.None : new MappedFile(machine.Journal.Intern(reader.Symbol(symbol)), Readable: true, Writable: true);

    private void Check(long result, TraceArea area)
    {
        if (result < 0)
        {
            throw new ExperimentException(
                $"{reader.FilePath}: the initial area 0x{area.Start:x}-0x{area.End:x} cannot be mapped ({(Errno)(-result)}). The trace needs another kernel.profile or was not captured on Linux.");
        }
    }
}
