using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>One task of <see cref="TouchesWorkload"/>: maps text and data, uses both and its stack, and then does what it is there for.</summary>
internal sealed class TouchingProgram(TouchKind kind, AddressLayout layout, MappedFile file) : IProgram
{
    /// <summary>Length of the text.</summary>
    public const long TextBytes = 16 * Page.Size;

    /// <summary>Length of the stack at first.</summary>
    public const ulong StackBytes = 34 * Page.Size;

    /// <summary>Where the heap begins.</summary>
    public const ulong HeapStart = 0x0A00_0000;

    /// <summary>A segment of its own: its first byte in the data, and its length.</summary>
    private const ulong SegmentOffset = 0x400, SegmentBytes = 0x100;

    private const ulong Text = 0x0804_8000, Data = Text + TextBytes;

    private Stage _stage;
    private ushort _selector;
    private ulong _depth;

    private enum Stage : byte
    {
        MapText,
        MapData,
        Fetch,
        Store,
        Push,
        Prepare,
        Use,
        Touch,
    }

    /// <summary>The task.</summary>
    public int Pid { get; set; }

    /// <summary>End of the stack.</summary>
    public ulong StackTop => layout.TaskSize;

    /// <summary>Pages of stack that it got by calling itself.</summary>
    public long StackPages { get; private set; }

    /// <summary>Thread-local storage is in FS in 64-bit programs, else in GS.</summary>
    private SegmentRegister Register => kind == TouchKind.Ldt || layout.LongMode ? SegmentRegister.Fs : SegmentRegister.Gs;

    /// <inheritdoc/>
    public ProgramStatus Step(TaskContext task)
    {
        while (!task.IsOver)
        {
            if (_stage == Stage.Touch)
            {
                if (Touch(task) && kind != TouchKind.Stack)
                {
                    return ProgramStatus.Exited;
                }
            }
            else if (Prepare(task))
            {
                _stage++;
            }
        }
        return ProgramStatus.Running;
    }

    private bool Prepare(TaskContext task) => _stage switch
    {
        Stage.MapText => Map(task, Text, ProtFlags.Read | ProtFlags.Exec, file),
        Stage.MapData => Map(task, Data, ProtFlags.Read | ProtFlags.Write, MappedFile.None),
        Stage.Fetch => task.Access(Text, 4, AccessKind.Fetch),
        Stage.Store => task.Access(Data, 4, AccessKind.Store),
        Stage.Push => task.Access(StackTop - 4096, 4, AccessKind.Store),
        Stage.Prepare => MakeSegment(task),
        _ => kind is not (TouchKind.Tls or TouchKind.Ldt) || task.Access(SegmentBytes - 4, 4, AccessKind.Store, Register),
    };

    /// <summary>Makes the access; false when it killed the task or is to be made again.</summary>
    private bool Touch(TaskContext task)
    {
        switch (kind)
        {
            case TouchKind.Null:
                return task.Access(0, 4, AccessKind.Load);
            case TouchKind.Reserved:
                return task.Access(layout.MinAddress - 4, 4, AccessKind.Store);
            case TouchKind.Text:
                return task.Access(Text, 4, AccessKind.Store);
            case TouchKind.Data:
                return task.Access(Data, 4, AccessKind.Fetch);
            case TouchKind.Kernel:
                return task.Access(layout.DirectMapBase, 4, AccessKind.Load);
            case TouchKind.Selector:
                return task.LoadSegment(SegmentRegister.Ds, task.Cpu.Descriptors.Initial.KernelData);
            case TouchKind.Cpu:
                return task.SegmentCalls.GetCpu(task, Data, out _) == 0;
            case TouchKind.Stack:
                bool called = task.Access(StackTop - 8192 - _depth, 8, AccessKind.Store);
                _depth += called ? 4096UL : 0;
                StackPages += called ? 1 : 0;
                return called;
            default:
                // In long mode segments have no limit: the access goes where the base leads.
                return task.Access(SegmentBytes, 4, AccessKind.Load, Register);
        }
    }

    private static bool Map(TaskContext task, ulong address, ProtFlags prot, MappedFile mapped)
    {
        MapFlags flags = MapFlags.Private | MapFlags.Fixed | (mapped.Symbol == 0 ? MapFlags.Anonymous : 0);
        return task.Calls.Mmap(task, address, (ulong)TextBytes, prot, flags, mapped) == (long)address;
    }

    /// <summary>The segment, by the call that the kernel has for it, and its selector in a register.</summary>
    private bool MakeSegment(TaskContext task)
    {
        if (kind is not (TouchKind.Tls or TouchKind.Ldt))
        {
            return true;
        }
        var descriptor = new UserDescriptor(kind == TouchKind.Tls ? -1 : 0, (uint)(Data + SegmentOffset), (uint)SegmentBytes - 1) { Seg32Bit = true, Useable = true };
        if (_selector == 0)
        {
            long result;
            int entry = 0;
            if (kind == TouchKind.Ldt)
            {
                result = task.SegmentCalls.WriteLdt(task, in descriptor, Data);
            }
            else if (layout.LongMode)
            {
                return task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchSetFs, Data + SegmentOffset) == 0;
            }
            else
            {
                result = task.SegmentCalls.SetThreadArea(task, in descriptor, Data, out entry);
            }
            if (result != 0)
            {
                return false;
            }
            _selector = (ushort)(entry << 3 | (kind == TouchKind.Ldt ? 4 : 0) | 3);
        }
        return task.LoadSegment(Register, _selector);
    }
}
