using System.Globalization;
using Sim.Hardware.Cpu;
using Sim.Host.Traces;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls;

/// <summary>A simulated process that makes the calls of a recorded one.</summary>
internal sealed class RecordedProcess : IDisposable
{
    // File descriptors of the recorder.
    private const long DescriptorA = 3, DescriptorB = 4, DescriptorWriteOnlyA = 5;

    private readonly string _path;
    private readonly CallMachine _machine;
    private readonly RecordedSequence _sequence;
    private readonly StateReading _reading;
    private readonly int _pid;
    private readonly ulong _code;

    /// <exception cref="TraceFormatException">The recorded process cannot have been.</exception>
    public RecordedProcess(string path, CallMachine machine, RecordedSequence sequence)
    {
        _path = path;
        _machine = machine;
        _sequence = sequence;
        if (machine.Spaces.Layout.TaskSize != sequence.TaskSize)
        {
            throw Impossible($"task_size is {CallRecordingReader.Hex(sequence.TaskSize)} instead of {CallRecordingReader.Hex(machine.Spaces.Layout.TaskSize)}");
        }
        machine.SetMemory(sequence.TotalRamPages);
        ulong data = sequence.Init.Areas.FirstOrDefault(a => a.Id == StateReading.Program && a.Perms.Contains('w', StringComparison.Ordinal))?.Start ?? 0;
        _reading = new StateReading(machine, [.. sequence.FixedAreas.Select(a => a.Start)], data);
        _pid = machine.Processes.Create("target", machine.Cpu, -1);
        try
        {
            ulong end = machine.Spaces.Layout.MinAddress;
            foreach (RecordedArea area in sequence.FixedAreas.Concat(sequence.Init.Areas).OrderBy(a => a.Start))
            {
                if (((area.Start | area.End) & 0xfff) != 0 || area.Start < end || area.End <= area.Start || area.End > sequence.TaskSize)
                {
                    throw Impossible($"the area {CallRecordingReader.Hex(area.Start)}-{CallRecordingReader.Hex(area.End)} cannot be where it is");
                }
                end = area.End;
                Map(area);
                if (area.Perms.Contains('x', StringComparison.Ordinal) && area.Id == "target")
                {
                    _code = area.Start;
                }
            }
            SetLayout();
        }
        catch (Exception e) when (e is TraceFormatException or FormatException or OverflowException)
        {
            machine.End(_pid);
            throw e as TraceFormatException ?? Impossible($"the state before the first step is none ({e.Message})");
        }
    }

    /// <summary>Its state now.</summary>
    public RecordedState Read() => _reading.Read(_pid);

    /// <summary>Ends it.</summary>
    public void Dispose() => _machine.End(_pid);

    /// <summary>Makes a call; tells the first difference in its result and in the state after it.</summary>
    public StateDifference? Step(RecordedStep step, out RecordedState after)
    {
        FaultCounts before = _machine.Spaces.Faults(_pid);
        StateDifference? during = step.Call switch
        {
            "fork" => Fork(step),
            "touch" => Touch(step),
            _ => StateDifference.Of(step.Result.StartsWith("0x", StringComparison.Ordinal) ? "ret" : "err", step.Result, ResultOf(Call(step))),
        };
        FaultCounts faults = _machine.Spaces.Faults(_pid);
        after = Read();
        return during ?? StateDifference.Of(step.State, after)
            ?? StateDifference.Of("minflt", step.MinorFaults, faults.Minor - before.Minor)
            ?? StateDifference.Of("majflt", step.MajorFaults, faults.Major - before.Major);
    }

    private long Call(RecordedStep step)
    {
        MappingCalls calls = _machine.Mapping;
        CpuClock cpu = _machine.Cpu;
        ulong[] a = step.Args;
        return step.Call switch
        {
            "mmap" => calls.Mmap(_pid, a[0], a[1], (ProtFlags)a[2], (MapFlags)a[3], FileOf((long)a[4]), a[5], cpu, -1),
            "mmap2" => calls.Mmap(_pid, a[0], a[1], (ProtFlags)a[2], (MapFlags)a[3], FileOf((long)a[4]), a[5] << 12, cpu, -1),
            "munmap" => calls.Munmap(_pid, a[0], a[1], cpu, -1),
            "mprotect" => calls.Mprotect(_pid, a[0], a[1], (ProtFlags)a[2], cpu, -1),
            "mremap" => calls.Mremap(_pid, a[0], a[1], a[2], (RemapFlags)a[3], a[4], cpu, -1),
            "madvise" => calls.Madvise(_pid, a[0], a[1], (MemoryAdvice)a[2], cpu, -1),
            "mlock" => calls.Mlock(_pid, a[0], a[1], 0, cpu, -1),
            "mlock2" => calls.Mlock(_pid, a[0], a[1], (int)a[2], cpu, -1),
            "munlock" => calls.Munlock(_pid, a[0], a[1], cpu, -1),
            _ => calls.Brk(_pid, a[0], cpu, -1),
        };
    }

    private StateDifference? Touch(RecordedStep step)
    {
        AccessKind kind = step.Args[2] != 0 ? AccessKind.Store : AccessKind.Load;
        StateDifference? first = null;
        for (ulong i = 0; i < step.Args[1]; i++)
        {
            string result = _machine.Touch(_pid, step.Args[0] + (i << 12), kind);
            string expected = (int)i < step.Touches.Count ? step.Touches[(int)i].Result : "nothing";
            first ??= StateDifference.Of($"touches[{i}]", expected, result);
        }
        return first;
    }

    /// <summary>The child's first access fetches its code, which a parent's page table has and a child's has not.</summary>
    private StateDifference? Fork(RecordedStep step)
    {
        long child = _machine.Processes.Fork(_pid, "target", _machine.Cpu, -1);
        if (child < 0 || step.Fork is not { } recorded)
        {
            if (child > 0)
            {
                _machine.End((int)child);
            }
            return StateDifference.Of("ret", step.Result, child < 0 ? ResultOf(child) : "0x1");
        }
        StateDifference? first = StateDifference.Of(recorded.Start, _reading.Read((int)child), "child.start.");
        if (recorded.Touches.Count > 0 && _code != 0)
        {
            _machine.Touch((int)child, _code, AccessKind.Fetch);
        }
        first ??= TouchAll((int)child, recorded.Touches, "child.touches");
        FaultCounts faults = _machine.Spaces.Faults((int)child);
        first ??= StateDifference.Of(recorded.End, _reading.Read((int)child), "child.")
            ?? StateDifference.Of("child.minflt", recorded.MinorFaults, faults.Minor)
            ?? StateDifference.Of("child.majflt", recorded.MajorFaults, faults.Major);
        StateDifference? parent = TouchAll(_pid, recorded.ParentTouches, "parent_touches");
        first ??= parent ?? StateDifference.Of(recorded.ParentLive, Read(), "parent_live.");
        _machine.End((int)child);
        return first;
    }

    private StateDifference? TouchAll(int pid, IReadOnlyList<RecordedTouch> touches, string field)
    {
        StateDifference? first = null;
        for (int i = 0; i < touches.Count; i++)
        {
            string result = _machine.Touch(pid, touches[i].Address, touches[i].Write ? AccessKind.Store : AccessKind.Load);
            first ??= StateDifference.Of($"{field}[{i}]", touches[i].Result, result);
        }
        return first;
    }

    private MappedFile FileOf(long descriptor) => descriptor switch
    {
        DescriptorA => new MappedFile(_machine.A, Readable: true, Writable: true),
        DescriptorB => new MappedFile(_machine.B),
        DescriptorWriteOnlyA => new MappedFile(_machine.A, Readable: false, Writable: true),
        _ => MappedFile.None,
    };

    /// <summary>The result of a call as recordings have it: the name of an errno, or a number.</summary>
    public static string ResultOf(long result) => result is < 0 and > -4096
        ? Enum.IsDefined((Errno)(-result)) ? ((Errno)(-result)).ToString() : "E" + (-result).ToString(CultureInfo.InvariantCulture)
        : CallRecordingReader.Hex((ulong)result);

    /// <summary>Maps an area as the program loader did, with the pages it has.</summary>
    private void Map(RecordedArea area)
    {
        MappingCalls calls = _machine.Mapping;
        CpuClock cpu = _machine.Cpu;
        VmFlags access = (area.Perms.StartsWith('r') ? VmFlags.Read : 0) | (area.Perms.Contains('w', StringComparison.Ordinal) ? VmFlags.Write : 0)
            | (area.Perms.Contains('x', StringComparison.Ordinal) ? VmFlags.Exec : 0);
        long result = area.Id switch
        {
            "stack" => calls.MapStack(_pid, area.Start, area.End, cpu, -1),
            "vvar" or "vvar_vclock" => -(long)calls.MapSpecial(
                _pid, area.Start, (int)((area.End - area.Start) >> 12),
                access | VmFlags.MayRead | VmFlags.Io | VmFlags.PfnMap | VmFlags.DontExpand | VmFlags.DontDump, _machine.Intern(area.Id), -1),
            "vdso" => -(long)calls.MapSpecial(
                _pid, area.Start, (int)((area.End - area.Start) >> 12), access | VmFlags.MayAccess | VmFlags.DontExpand, _machine.Intern("vdso"), -1),
            "heap" or "anon" => calls.Mmap(
                _pid, area.Start, area.End - area.Start, (ProtFlags)access, MapFlags.Private | MapFlags.Fixed | MapFlags.Anonymous, default, 0, cpu, -1),
            "target" => calls.Mmap(
                _pid, area.Start, area.End - area.Start, (ProtFlags)access, MapFlags.Private | MapFlags.Fixed, new MappedFile(_machine.Target),
                area.Offset, cpu, -1),
            _ => -(long)Errno.EINVAL,
        };
        if (result < 0 && result > -4096)
        {
            throw Impossible($"the area {CallRecordingReader.Hex(area.Start)} ({area.Id}) cannot be mapped: {ResultOf(result)}");
        }
        ulong at = area.Start;
        foreach (char page in PageRuns.Expand(area.Pages))
        {
            if (at < area.End && page is 'A' or 'F')
            {
                bool code = page == 'F' && (access & VmFlags.Exec) != 0;
                _machine.Touch(_pid, at, page == 'A' ? AccessKind.Store : code ? AccessKind.Fetch : AccessKind.Load);
            }
            at += 4096;
        }
    }

    private void SetLayout()
    {
        // The first word of the stack lies in its lowest page that was written.
        ulong stack = 0;
        if (_sequence.Init.Areas.FirstOrDefault(a => a.Id == "stack") is { } area)
        {
            int untouched = PageRuns.Expand(area.Pages).TakeWhile(p => p == '.').Count();
            stack = Math.Min(area.Start + ((ulong)untouched << 12) + 2048, area.End - 8);
        }
        _machine.Mapping.SetLayout(_pid, _sequence.InitialBrk, stack, -1);
        RecordedArea? data = _sequence.Init.Areas.FirstOrDefault(a => a.Id == "target" && a.Perms.Contains('w', StringComparison.Ordinal));
        _machine.Mapping.SetProgram(_pid, _code, _code, data?.Start ?? 0, data?.End ?? 0, -1);
        _machine.Mapping.SetLimits(
            _pid, new ResourceLimits(_sequence.StackBytes, _sequence.AddressSpaceBytes, _sequence.DataBytes, _sequence.MemlockBytes), -1);
    }

    private TraceFormatException Impossible(string problem) =>
        TraceFormatException.AtLine(_path, _sequence.Line, problem, "Give a recording of vmaseq form, as docs/parity-calls.md describes it");
}
