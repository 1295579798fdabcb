using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Imports the text of <c>strace -f -o FILE PROGRAM</c>: the program's mapping calls and, where its arguments are printed as numbers
/// (<c>-e raw=read,write,…</c>), the user buffers that the kernel touches. The trace has no accesses. Threads of the program are kept,
/// other processes it starts are left out.
/// </summary>
public static class StraceImporter
{
    private const string CaptureAdvice = "Capture one program with strace -f -o FILE PROGRAM";

    /// <summary>Imports a text, gzip-compressed or not.</summary>
    /// <param name="inputPath">The captured text.</param>
    /// <param name="options">How to import.</param>
    /// <param name="outputPath">The trace to write; an existing file is replaced when the new one is complete.</param>
    /// <param name="cancellation">Stops the import and leaves nothing behind.</param>
    /// <exception cref="TraceFormatException">The text is not what strace writes, or incomplete.</exception>
    public static ImportReport Import(string inputPath, ImportOptions options, string outputPath, CancellationToken cancellation = default)
    {
        List<(TraceArea Area, string? File)> areas = options.MapsPath is null ? [] : ProcMaps.Read(options.MapsPath);
        using TextLines lines = new(inputPath);
        string program = FirstProgram(inputPath);
        using TraceWriter writer = new(outputPath, $"source: strace\nprogram: {program}\ncapturedBy: strace\narchitecture: x86_64", options.Quality);
        Session session = new(inputPath, lines, writer, hasAreas: areas.Count > 0);
        session.AddAreas(areas);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            session.Line(Encoding.UTF8.GetString(line));
            if (lines.LineNumber % 8192 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                (long done, long total) = lines.Progress;
                options.Progress?.Invoke(done, total);
            }
        }

        return session.Finish(options.AllowTruncated);
    }

    /// <summary>The command of the first execve, which the trace's head names; the text is refused when its first line is no strace line.</summary>
    private static string FirstProgram(string inputPath)
    {
        using TextLines lines = new(inputPath);
        if (!lines.TryRead(out ReadOnlySpan<byte> bytes))
        {
            throw TraceFormatException.AtLine(inputPath, 0, "the file is empty", CaptureAdvice);
        }

        List<string> arguments = [];
        string line = StraceLine.Strip(Encoding.UTF8.GetString(bytes), out _);
        string? name = StraceLine.TryCall(line, new TracedCall(), arguments);
        return name == "execve" && arguments.Count > 1 ? string.Join(' ', StraceLine.Strings(arguments[1])).ReplaceLineEndings(" ") : "unknown";
    }

    /// <summary>The import of one text.</summary>
    private sealed class Session(string inputPath, TextLines lines, TraceWriter writer, bool hasAreas)
    {
        private const string Unfinished = "<unfinished ...>";
        private const int MaxThreads = 1 << 16;

        private readonly MappedRanges _ranges = new();
        private readonly TracedCall _call = new();
        private readonly List<string> _arguments = [];
        private readonly Dictionary<uint, string> _begun = [];
        private readonly Dictionary<uint, uint> _threads = [];
        private CallRecorder? _recorder;
        private uint _main;
        private bool _heapKnown;
        private bool _started;
        private bool _ended;
        private long _otherProcesses;
        private long _unknownCalls;

        private CallRecorder Recorder => _recorder ??= new CallRecorder(writer, _ranges);

        internal void AddAreas(List<(TraceArea Area, string? File)> areas)
        {
            foreach ((TraceArea area, string? file) in areas)
            {
                AddArea(in area, file);
                _heapKnown |= area.Kind == TraceAreaKind.Heap;
            }
        }

        internal void Line(string text)
        {
            string line = StraceLine.Strip(text, out uint process);
            if (line.Length == 0 || line.StartsWith("strace: ", StringComparison.Ordinal))
            {
                return;
            }

            if (line.Contains("runs in 32 bit mode", StringComparison.Ordinal))
            {
                throw Fault("the program is a 32-bit one", "Trace an x86-64 program");
            }

            if (line.StartsWith("+++ ", StringComparison.Ordinal))
            {
                _ended |= process == _main;
                return;
            }

            if (line.StartsWith("--- ", StringComparison.Ordinal))
            {
                return;
            }

            if (!IsOfProgram(process, out uint thread))
            {
                _otherProcesses++;
                return;
            }

            if (line.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                _begun[process] = line[..^Unfinished.Length].TrimEnd();
                return;
            }

            Call(Joined(line, process), thread);
        }

        internal ImportReport Finish(bool allowTruncated)
        {
            if ((!_ended || lines.LastLineUnfinished) && !allowTruncated)
            {
                throw Fault("the text ends before the program does: it was cut off", CaptureAdvice);
            }

            List<string> warnings = [];
            AddWarning(warnings, _otherProcesses, "lines of other processes were left out.");
            AddWarning(warnings, _unknownCalls, "system calls with names that are not known here were left out.");
            AddWarning(warnings, Recorder.UnknownBuffers, "user buffers are not in the trace: print their addresses with strace -e raw=read,write,pread64,fstat,newfstatat");
            if (!hasAreas)
            {
                warnings.Add("The trace has no initial areas: give a copy of /proc/PID/maps for them.");
            }

            TraceHeader header = writer.Finish();
            return new ImportReport(header, lines.LineNumber, Recorder.MappingCalls, Recorder.UnknownBuffers, 0, warnings);
        }

        private static void AddWarning(List<string> warnings, long count, string text)
        {
            if (count > 0)
            {
                warnings.Add($"{count} {text}");
            }
        }

        /// <summary>The whole call of a line that ends one begun before, or the line itself.</summary>
        private string Joined(string line, uint process)
        {
            const string Resumed = " resumed>";
            if (!line.StartsWith("<... ", StringComparison.Ordinal))
            {
                return line;
            }

            int end = line.IndexOf(Resumed, StringComparison.Ordinal);
            return end > 0 && _begun.Remove(process, out string? begun)
                ? begun + line[(end + Resumed.Length)..]
                : throw Fault("a call is resumed that was not begun", CaptureAdvice);
        }

        private void Call(string line, uint thread)
        {
            string name = StraceLine.TryCall(line, _call, _arguments) ?? throw Fault("this line is none that strace writes", CaptureAdvice);
            if (name == "execve" && !_call.Failed)
            {
                if (_started)
                {
                    throw Fault("the program replaced itself by another with execve", "Trace the last program itself, without a shell or wrapper");
                }

                _started = true;
            }

            if (name is "clone" or "clone3" && _call.Result > 0 && StartsThread(line))
            {
                AddThread((uint)_call.Result);
            }

            if (!LinuxSyscalls.TryNumber(name, out uint number))
            {
                _unknownCalls++;
                return;
            }

            _call.ThreadId = thread;
            _call.Number = number;
            if (name == "brk" && !_heapKnown)
            {
                // The first break that the program learns is where its heap begins.
                TraceArea heap = new(LinuxAbi.PageAlign((ulong)_call.Result), 0, LinuxAbi.ProtRead | LinuxAbi.ProtWrite, TraceAreaKind.Heap, 0, 0, -1);
                AddArea(in heap, null);
                _heapKnown = true;
            }

            if (Recorder.Add(_call) is { } problem)
            {
                throw Fault(problem, "Capture again with strace -e raw=" + name);
            }
        }

        private void AddArea(in TraceArea area, string? file)
        {
            if (Recorder.AddArea(in area, file) is { } problem)
            {
                throw Fault(problem, CaptureAdvice);
            }
        }

        private bool IsOfProgram(uint process, out uint thread)
        {
            if (_threads.Count == 0)
            {
                _main = process;
                AddThread(process);
            }

            if (_threads.TryGetValue(process, out thread))
            {
                return true;
            }

            // A thread's own lines may come before the line in which its clone returns.
            foreach (string begun in _begun.Values)
            {
                if (begun.StartsWith("clone", StringComparison.Ordinal) && StartsThread(begun))
                {
                    thread = AddThread(process);
                    return true;
                }
            }

            return false;
        }

        private uint AddThread(uint process)
        {
            if (!_threads.TryGetValue(process, out uint thread))
            {
                thread = (uint)_threads.Count + 1;
                _threads.Add(process, thread <= MaxThreads ? thread : throw Fault($"more than {MaxThreads} threads", CaptureAdvice));
            }

            return thread;
        }

        private static bool StartsThread(string line) => line.Contains("CLONE_THREAD", StringComparison.Ordinal);

        private TraceFormatException Fault(string problem, string remedy) => TraceFormatException.AtLine(inputPath, lines.LineNumber, problem, remedy);
    }
}
