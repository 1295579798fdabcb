using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Turns the system calls of a tracer's text into the records of a trace: mapping calls with their arguments, other calls with
/// the user memory that the kernel reads and writes for them.
/// </summary>
internal sealed class CallRecorder(TraceWriter writer, MappedRanges ranges)
{
    private const uint MmapNumber = 9;
    private const uint IoctlNumber = 16;
    private const uint ExecveNumber = 59;

    private static readonly string TooManyFiles = $"more than {TraceFormat.MaxSymbols} file names";

    private readonly OpenFiles _files = new();

    /// <summary>Mapping calls recorded.</summary>
    internal long MappingCalls { get; private set; }

    /// <summary>Calls with a user buffer whose address or length the text does not give.</summary>
    internal long UnknownBuffers { get; private set; }

    /// <summary>Adds an initial area and the file behind it, or null; returns what is wrong with it, or null.</summary>
    internal string? AddArea(in TraceArea area, string? file)
    {
        int symbol = -1;
        if (file is not null && !writer.TryIntern(file, out symbol))
        {
            return TooManyFiles;
        }

        TraceArea named = area with { SymbolId = symbol };
        writer.AddEvent(named.ToEvent());
        ranges.Add(in named);
        return null;
    }

    /// <summary>Adds what <c>execve</c> left on the stack: arguments, environment and auxiliary vector.</summary>
    internal void AddInitialStack(ulong stackPointer, ulong stackEnd) =>
        writer.AddKernelRange(TraceRecordKind.KernelWrite, 1, ExecveNumber, stackPointer, stackEnd - stackPointer);

    /// <summary>Adds a call that has returned; returns what is wrong with it, or null.</summary>
    internal string? Add(TracedCall call)
    {
        (TraceRecordKind kind, int arguments) = KindOf(call.Number);
        if (kind != TraceRecordKind.Syscall)
        {
            return AddMapping(call, kind, arguments);
        }

        _files.Follow(call);
        TraceEvent e = Event(call, kind, Math.Min(call.Count, TracedCall.MaxArguments));
        writer.AddEvent(in e);
        AddBuffers(call, written: false);
        AddBuffers(call, written: true);
        return null;
    }

    private static (TraceRecordKind Kind, int Arguments) KindOf(uint number) => number switch
    {
        MmapNumber => (TraceRecordKind.Mmap, 6),
        10 => (TraceRecordKind.Mprotect, 3),
        11 => (TraceRecordKind.Munmap, 2),
        12 => (TraceRecordKind.Brk, 1),
        25 => (TraceRecordKind.Mremap, 4),
        28 => (TraceRecordKind.Madvise, 3),
        _ => (TraceRecordKind.Syscall, 0),
    };

    private string? AddMapping(TracedCall call, TraceRecordKind kind, int arguments)
    {
        if (!call.AllKnown(arguments))
        {
            return $"{LinuxSyscalls.Name(call.Number)} with an argument that is missing or not known here";
        }

        TraceEvent e = Event(call, kind, Math.Max(arguments, call.Count));
        if (kind == TraceRecordKind.Mmap && (e.Argument3 & LinuxAbi.MapAnonymous) == 0)
        {
            string? path = call.Text(4) ?? _files.PathOf(unchecked((int)e.Argument4));
            if (!writer.TryIntern(path ?? $"fd:{unchecked((int)e.Argument4)}", out e.SymbolId))
            {
                return TooManyFiles;
            }
        }

        writer.AddEvent(in e);
        ranges.Follow(in e);
        MappingCalls++;
        return null;
    }

    private static TraceEvent Event(TracedCall call, TraceRecordKind kind, int arguments) => new()
    {
        Kind = kind,
        ThreadId = call.ThreadId,
        SyscallNumber = call.Number,
        Argument0 = arguments > 0 ? call.Value(0) : 0,
        Argument1 = arguments > 1 ? call.Value(1) : 0,
        Argument2 = arguments > 2 ? call.Value(2) : 0,
        Argument3 = arguments > 3 ? call.Value(3) : 0,
        Argument4 = arguments > 4 ? call.Value(4) : 0,
        Argument5 = arguments > 5 ? call.Value(5) : 0,
        Result = call.Result,
        SymbolId = -1,
    };

    private void AddBuffers(TracedCall call, bool written)
    {
        // A call that failed has read its path all the same, but wrote nothing that counts.
        if (call.Result == -LinuxAbi.Efault || (call.Failed && written))
        {
            return;
        }

        if (call.Number == IoctlNumber)
        {
            (bool writes, ushort length) = SyscallBuffers.OfIoctl(call.Value(1));
            if (writes == written)
            {
                AddRange(call, 2, written, length);
            }

            return;
        }

        foreach (SyscallBuffer buffer in SyscallBuffers.Of(call.Number))
        {
            if (buffer.Written == written)
            {
                AddRange(call, buffer.Pointer, written, LengthOf(call, buffer));
            }
        }
    }

    private void AddRange(TracedCall call, int pointer, bool written, ulong? length)
    {
        if (!call.IsKnown(pointer) || length is null)
        {
            UnknownBuffers++;
            return;
        }

        // A null pointer means the program did not ask for this part; a length beyond the address space is no buffer.
        ulong address = call.Value(pointer);
        if (address == 0 || length == 0 || length > uint.MaxValue || unchecked(address + length.Value) < address)
        {
            return;
        }

        ranges.Touch(address);
        writer.AddKernelRange(
            written ? TraceRecordKind.KernelWrite : TraceRecordKind.KernelRead, call.ThreadId, call.Number, address, length.Value);
    }

    private static ulong? LengthOf(TracedCall call, in SyscallBuffer buffer) => buffer.Length switch
    {
        BufferLength.Fixed => buffer.Unit,
        BufferLength.Result => call.Failed ? 0 : (ulong)call.Result * buffer.Unit,
        BufferLength.Argument => call.IsKnown(buffer.Count) ? Math.Min(call.Value(buffer.Count), uint.MaxValue) * buffer.Unit : null,
        BufferLength.Pages => call.IsKnown(buffer.Count) ? LinuxAbi.PageAlign(call.Value(buffer.Count)) / LinuxAbi.PageSize : null,
        _ => call.Text(buffer.Pointer) is { } text ? (ulong)Encoding.UTF8.GetByteCount(text) + 1 : null,
    };
}
