namespace Sim.Host.Traces;

/// <summary>
/// Imports what <c>valgrind -d -d --vgdb=no --tool=lackey --trace-mem=yes --trace-syscalls=yes PROGRAM</c> writes to standard error: the
/// client's initial segments, then accesses and system calls in the order in which they happened, all from one run.
/// </summary>
public static class LackeyImporter
{
    private const string CaptureAdvice =
        "Capture again with valgrind -d -d --vgdb=no --tool=lackey --trace-mem=yes --trace-syscalls=yes PROGRAM 2>FILE";

    /// <summary>Imports a text, gzip-compressed or not.</summary>
    /// <param name="inputPath">The captured text.</param>
    /// <param name="options">How to import.</param>
    /// <param name="outputPath">The trace to write; an existing file is replaced when the new one is complete.</param>
    /// <param name="cancellation">Stops the import and leaves nothing behind.</param>
    /// <exception cref="TraceFormatException">The text is not what lackey writes, or incomplete.</exception>
    public static ImportReport Import(string inputPath, ImportOptions options, string outputPath, CancellationToken cancellation = default)
    {
        LackeyMessages messages = new(options.MapsPath);
        using TextLines lines = new(inputPath);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (IsAccess(line) || line.StartsWith("SYSCALL["u8))
            {
                using TraceWriter writer = new(outputPath, messages.Metadata(), options.Quality);
                Session session = new(inputPath, options, lines, writer, messages);
                session.Start();
                session.Line(line);
                session.Rest(cancellation);
                return session.Finish();
            }

            if (!messages.TryLine(line))
            {
                throw TraceFormatException.AtLine(inputPath, lines.LineNumber, "this line is none that valgrind's lackey writes", CaptureAdvice);
            }
        }

        throw TraceFormatException.AtLine(inputPath, 0, lines.LineNumber == 0 ? "the file is empty" : "the text has no access", CaptureAdvice);
    }

    private static bool IsAccess(ReadOnlySpan<byte> line) => line is [(byte)'I', (byte)' ', (byte)' ', ..] or
        [(byte)' ', (byte)'L' or (byte)'S' or (byte)'M', (byte)' ', ..];

    /// <summary>The import of one text.</summary>
    private sealed class Session
    {
        private const long LinesBetweenProgress = 1 << 18;

        private readonly string _inputPath;
        private readonly ImportOptions _options;
        private readonly TextLines _lines;
        private readonly TraceWriter _writer;
        private readonly LackeyMessages _messages;
        private readonly MappedRanges _ranges = new();
        private readonly ValgrindSyscalls _syscalls = new();
        private readonly CallRecorder _recorder;
        private long _outside;
        private ulong _firstOutside;
        private bool _ended;

        internal Session(string inputPath, ImportOptions options, TextLines lines, TraceWriter writer, LackeyMessages messages)
        {
            (_inputPath, _options, _lines, _writer, _messages) = (inputPath, options, lines, writer, messages);
            _recorder = new CallRecorder(writer, _ranges);
        }

        internal void Start()
        {
            if (_messages.Startup is null)
            {
                _messages.ReadMapsFile();
            }

            ulong stackEnd = 0;
            foreach ((TraceArea area, string? file) in (_messages.Startup ?? throw NoSegments()).ToAreas())
            {
                if (_recorder.AddArea(in area, file) is { } problem)
                {
                    throw Fault(problem);
                }

                stackEnd = area.Kind == TraceAreaKind.Stack ? area.End : stackEnd;
            }

            if (_messages.InitialStackPointer > 0 && _messages.InitialStackPointer < stackEnd)
            {
                _recorder.AddInitialStack(_messages.InitialStackPointer, stackEnd);
            }
        }

        internal void Rest(CancellationToken cancellation)
        {
            while (_lines.TryRead(out ReadOnlySpan<byte> line))
            {
                Line(line);
                if (_lines.LineNumber % LinesBetweenProgress == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    (long done, long total) = _lines.Progress;
                    _options.Progress?.Invoke(done, total);
                }
            }
        }

        internal void Line(ReadOnlySpan<byte> line)
        {
            if (IsAccess(line))
            {
                Access(line);
            }
            else if (line.StartsWith("SYSCALL["u8))
            {
                Call(_syscalls.TryLine(line, out TracedCall? finished), finished);
            }
            else if (line.StartsWith(" --> "u8))
            {
                Call(_syscalls.TryContinuation(line, out TracedCall? finished), finished);
            }
            else if (_messages.TryLine(line))
            {
                _ended |= line.IndexOf("== Exit code:"u8) >= 0;
            }
            else
            {
                throw Fault("this line is none that valgrind's lackey writes (the program's own standard error must not go to the same file)");
            }
        }

        internal ImportReport Finish()
        {
            if ((!_ended || _lines.LastLineUnfinished) && !_options.AllowTruncated)
            {
                throw Fault("the text ends before lackey's closing summary: it was cut off");
            }

            List<string> warnings = [];
            if (_outside > 0)
            {
                warnings.Add($"{_outside} accesses lie outside every known area, the first at 0x{_firstOutside:x}.");
            }

            if (_recorder.UnknownBuffers > 0)
            {
                warnings.Add($"{_recorder.UnknownBuffers} user buffers of system calls are not in the trace: the text does not say where they are.");
            }

            if (_messages.Shutdown is { } shutdown && DescribeDifference(shutdown.ClientRanges(_ranges.Break)) is { } difference)
            {
                warnings.Add(difference);
            }

            TraceHeader header = _writer.Finish();
            return new ImportReport(header, _lines.LineNumber, _recorder.MappingCalls, _recorder.UnknownBuffers, _outside, warnings);
        }

        private void Access(ReadOnlySpan<byte> line)
        {
            TraceRecordKind kind = line[0] == 'I' ? TraceRecordKind.Fetch
                : line[1] == 'L' ? TraceRecordKind.Load
                : line[1] == 'S' ? TraceRecordKind.Store : TraceRecordKind.Modify;
            ReadOnlySpan<byte> numbers = line[3..];
            int comma = numbers.IndexOf((byte)',');
            if (comma < 0 || !TextNumbers.TryHex(numbers[..comma], out ulong address)
                || !TextNumbers.TryDecimal(numbers[(comma + 1)..], out ulong size) || size - 1 >= TraceFormat.MaxAccessSize)
            {
                throw Fault("an access that is not ADDRESS,SIZE in hexadecimal and decimal");
            }

            if (!_ranges.Touch(address) && _outside++ == 0)
            {
                _firstOutside = address;
            }

            _writer.AddAccess(kind, address, (uint)size);
        }

        private void Call(bool understood, TracedCall? finished)
        {
            if (!understood)
            {
                throw Fault(_syscalls.Problem, "Capture one process: add --child-silent-after-fork=yes for a program that forks");
            }

            if (finished is null)
            {
                return;
            }

            if (_recorder.Add(finished) is { } problem)
            {
                throw Fault(problem);
            }

            _syscalls.Return(finished);
        }

        /// <summary>Compares the ranges followed through all calls with valgrind's own list at the end.</summary>
        private string? DescribeDifference(List<(ulong Start, ulong End)> valgrinds)
        {
            IReadOnlyList<(ulong Start, ulong End)> followed = _ranges.Ranges;
            for (int i = 0; i < Math.Max(valgrinds.Count, followed.Count); i++)
            {
                string expected = i < valgrinds.Count ? $"{valgrinds[i].Start:x}-{valgrinds[i].End:x}" : "nothing more";
                string actual = i < followed.Count ? $"{followed[i].Start:x}-{followed[i].End:x}" : "nothing more";
                if (actual != expected)
                {
                    return $"Valgrind ends with {expected} mapped where the mapping calls give {actual}.";
                }
            }

            return null;
        }

        private TraceFormatException NoSegments() => TraceFormatException.AtLine(
            _inputPath, 0, "the text does not list the client's initial segments", CaptureAdvice + ", or give the list with --maps");

        private TraceFormatException Fault(string problem, string remedy = CaptureAdvice) =>
            TraceFormatException.AtLine(_inputPath, _lines.LineNumber, problem, remedy);
    }
}
