using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Events;
using Sim.Hardware.Paging;
using Sim.Host.Traces;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Events;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;

namespace Sim.Host.Parity;

/// <summary>
/// Lays out recorded programs in this machine and compares: each layout is an execve in a fresh machine of the recorded size,
/// all files in the page cache as they were there.
/// </summary>
internal static class ExecParity
{
    private const long RecordedMemoryBytes = 512L << 20, RecordedMemlockBytes = 8L << 20;
    // Of a program that cannot be laid out once the old one is gone: SIGSEGV.
    private const string FatalSignal = "SIG11";
    // fault_around_bytes, 64 KiB.
    private const int RecordedUid = 1000, FaultAroundPages = 16;

    /// <summary>One file of recordings; its programs' listings lie in the folder <c>elf</c> beside it.</summary>
    /// <exception cref="TraceFormatException">The recording or a listing cannot be read.</exception>
    public static SequenceParityReport Run(string path, CancellationToken cancellation)
    {
        List<ExecLayoutRecord> layouts = ExecRecording.Read(path);
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "elf");
        var programs = new Dictionary<int, RecordedPrograms>();
        var differences = new List<SequenceDifference>();
        for (int i = 0; i < layouts.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ExecLayoutRecord layout = layouts[i];
            if (!programs.TryGetValue(layout.Bits, out RecordedPrograms? files))
            {
                programs.Add(layout.Bits, files = new RecordedPrograms(folder, layout.Bits));
            }
            if (Compare(layout, files, i) is { } difference)
            {
                differences.Add(difference);
            }
        }
        int equal = layouts.Count - differences.Count;
        return new SequenceParityReport(path, layouts.Count, equal, layouts.Count, equal, differences);
    }

    private static SequenceDifference? Compare(ExecLayoutRecord layout, RecordedPrograms files, int sequence)
    {
        SequenceDifference Differs(string field, string expected, string actual) => new(sequence, 0, "execve", field, expected, actual);
        (ExecResult result, ExecState? found) = Execute(layout, files);
        string failure = result.Error == Errno.None ? "0" : result.IsFatal ? FatalSignal : result.Error.ToString();
        if (layout.AtExec is not { } recorded || found is null)
        {
            return failure == (layout.Failure ?? "0") ? null : Differs("result", layout.Failure ?? "0", failure);
        }
        for (int i = 0; i < Math.Max(recorded.Areas.Count, found.Areas.Count); i++)
        {
            string expected = i < recorded.Areas.Count ? recorded.Areas[i].ToString() : "none", actual = i < found.Areas.Count ? found.Areas[i].ToString() : "none";
            if (expected != actual)
            {
                return Differs(string.Create(CultureInfo.InvariantCulture, $"areas[{i}]"), expected, actual);
            }
        }
        for (int i = 0; i < Math.Max(recorded.Auxv.Count, found.Auxv.Count); i++)
        {
            string expected = i < recorded.Auxv.Count ? Text(recorded.Auxv[i]) : "none", actual = i < found.Auxv.Count ? Text(found.Auxv[i]) : "none";
            if (expected != actual)
            {
                return Differs(string.Create(CultureInfo.InvariantCulture, $"auxv[{i}]"), expected, actual);
            }
        }
        foreach (((string name, ulong expected), (_, ulong actual)) in recorded.Numbers.Zip(found.Numbers))
        {
            if (expected != actual)
            {
                bool isAddress = expected > 0xffff;
                return Differs(name, Text(expected, isAddress), Text(actual, isAddress));
            }
        }
        return null;
    }

    private static (ExecResult Result, ExecState? State) Execute(ExecLayoutRecord layout, RecordedPrograms files)
    {
        Machine machine = MachineOf(layout);
        var cpu = machine.Cpus[0];
        cpu.BeginDispatch(0);
        AddressSpaces spaces = machine.State.Virtual.Spaces;
        string path = RecordedPrograms.PathOf(layout.Program);
        ProgramFile program = files.Open(path)!;
        Cache(machine, files, path);
        if (program.Image.Interpreter is { } interpreter)
        {
            Cache(machine, files, interpreter);
        }
        ExecRecorder recorder = layout.KernelBits == 64 ? ExecRecorder.X86_64 : ExecRecorder.I386;
        int pid = recorder.Fork(machine, layout.Case, layout.EnvironmentBytes.Length > 0);
        machine.Virtual.Mapping.SetLimits(pid, new ResourceLimits(layout.StackLimitBytes, -1, -1, RecordedMemlockBytes), cause: -1);
        var arguments = new ProgramArguments(path.Length, layout.ArgumentBytes, layout.EnvironmentBytes) { Credentials = Credentials.Same(RecordedUid) };
        ExecResult result = machine.Virtual.Programs.Execute(pid, path, arguments, files, cpu, cause: -1);
        if (result.Start is not { } start)
        {
            return (result, null);
        }
        AddressSpace mm = spaces[pid];
        AreaPicture[] areas = ProcessPicture.Of(spaces, machine.State.Memory.Pages.Frames, pid, machine.Journal.Symbols, RecordedPrograms.IdOf);
        FaultCounts faults = spaces.Faults(pid);
        ulong[] numbers =
        [
            start.EntryPoint, start.StackPointer, areas.First(a => a.Start <= start.StackPointer && start.StackPointer < a.End).End,
            (ulong)start.ArgumentCount, (ulong)start.Environment.Count, start.Arguments[0], start.Arguments[^1],
            start.Environment.FirstOrDefault(), start.Environment.LastOrDefault(), start.AuxiliaryVectorAddress,
            (ulong)mm.AnonRss, (ulong)mm.FileRss, (ulong)mm.ShmemRss, (ulong)PageTableAccounting.ChargedPages(spaces, mm), (ulong)mm.LockedVm, (ulong)mm.DataVm,
            (ulong)faults.Minor, (ulong)faults.Major,
        ];
        return (result, new ExecState([.. ExecState.Names.Zip(numbers)], [.. mm.SavedAuxv.Select(p => ((ulong)p.Type, p.Value))], areas));
    }

    /// <summary>The whole file is read, as the recorder did once it had copied it.</summary>
    private static void Cache(Machine machine, RecordedPrograms files, string path)
    {
        int symbol = machine.Journal.Intern(path);
        new FileLoader(machine.State.Virtual.Spaces, machine.Pages, machine.Journal).Load(symbol, files.PagesOf(path), machine.Cpus[0], cause: -1);
    }

    private static Machine MachineOf(ExecLayoutRecord layout)
    {
        var map = MemoryMap.FromSize(RecordedMemoryBytes);
        bool wide = layout.KernelBits == 64;
        var options = new MachineOptions(
            new HardwareOptions { Frames = map.EndPfn, Paging = wide ? PagingMode.X86_64FourLevel : PagingMode.I386Pae },
            new KernelOptions
            {
                Profile = wide ? KernelProfile.X86_64 : KernelProfile.I386Pae,
                Mm = new MmOptions { FaultAroundPages = FaultAroundPages },
            },
            map);
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        var machine = new Machine(options, new Journal(new NullBlockSink(), catalogue), new TimingWheelEventQueue());
        machine.Boot();
        return machine;
    }

    private static string Text((ulong Type, ulong Value) pair) => string.Create(CultureInfo.InvariantCulture, $"{pair.Type}: 0x{pair.Value:x}");

    private static string Text(ulong value, bool isAddress) => (isAddress ? "0x" : "") + value.ToString(isAddress ? "x" : "d", CultureInfo.InvariantCulture);
}
