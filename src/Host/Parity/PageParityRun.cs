using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Captures;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Traces;
using Sim.Host.Workloads;

namespace Sim.Host.Parity;

/// <summary>
/// One capture against the page allocator: an experiment made for it, recorded as any other, with
/// <see cref="PageParity"/> looking on.
/// </summary>
internal static class PageParityRun
{
    private const int ContextLines = 20, CheckpointEvery = 8_192;

    /// <summary>Runs it.</summary>
    /// <param name="capture">The capture.</param>
    /// <param name="from"><c>start</c>, <c>boot</c> or <c>phase:NAME</c>.</param>
    /// <param name="output">The run directory; null for the default.</param>
    /// <param name="commandLine">For <c>command.txt</c>.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="CommandException">The capture cannot be read, or the run not written.</exception>
    public static PageParityReport Run(CaptureFolder capture, string from, string? output, string commandLine, CancellationToken cancellation)
    {
        var parity = new PageParity(CapturedStates.Read(capture.StatesPath), CapturedCheckpoints.Read(capture.CheckpointsPath));
        WorkloadRegistry workloads = KnownWorkloads.With(parity);
        var reader = new ExperimentFile(workloads);
        Experiment experiment = ExperimentOf(capture, from);
        var simulator = new MachineSimulator(workloads);
        Recording recording = Recording.Prepare(simulator, reader, experiment, output, commandLine);
        RecordingResult result = recording.Run(work => work(new Silent()), cancellation);
        string path = recording.Directory.Path;
        PageMiss? miss = parity.FirstMiss is { } first ? first with
        {
            Recorded = LinesUpTo(capture.TracePath, first.Line),
            Events = EventsUpTo(recording.Directory, first.Sequence),
        } : null;
        return new PageParityReport(
            capture.Name, from, path, result.Finished, parity.Allocations, Share(parity.SamePfn, parity.Allocations), Share(parity.SameZone, parity.Allocations),
            parity.SamePfn, parity.SameZone, parity.AnsweredHereOnly, parity.ZoneMisses,
            [.. parity.Checkpoints], miss,
            result.Outcome.Counters.ToDictionary(s => s.Key[(s.Key.IndexOf('.') + 1)..], s => s.Value));
    }

    /// <summary>The experiment that stands for a capture.</summary>
    private static Experiment ExperimentOf(CaptureFolder capture, string from)
    {
        FtraceText text = FtraceReader.Read(capture.TracePath);
        if (text.Entries < text.Announced)
        {
            throw TraceFormatException.AtLine(capture.TracePath, 0, $"it has {text.Entries} of the {text.Announced} entries that its header announces", "Copy it again: it has been cut off");
        }
        CaptureRange range = CaptureRange.Of(text, from);
        if (range.Checkpoint < 0 && from != "boot")
        {
            throw TraceFormatException.AtLine(capture.TracePath, 0, "it has no checkpoint (mark KT_SNAP), so its lists cannot be lined up with it", "Record again with the marks");
        }
        string state = range.Checkpoint < 0 ? "boot2" : CapturedStates.NameOf(range.Checkpoint);
        if (CapturedStates.Read(capture.StatesPath).Find(state) is null)
        {
            throw TraceFormatException.AtLine(capture.StatesPath, 0, $"it has no state {state}",
                from == "boot" ? "This capture cannot be followed from boot: use --from start" : "Name another phase");
        }
        return new Experiment
        {
            Name = ("parity-" + capture.Name)[..Math.Min(64, 7 + capture.Name.Length)],
            Machine = new MachineSettings
            {
                Memory = new ByteSize(capture.MemoryBytes),
                Cpus = capture.Cpus,
                Lists = new ListsSettings { States = new InputFile(Path.GetFullPath(capture.StatesPath)), State = state, OwnKernel = false },
            },
            Kernel = new KernelSettings { Profile = capture.Profile },
            Log = new LogSettings { CheckpointEvery = CheckpointEvery },
            Workload = [new CaptureOptions { Trace = new InputFile(Path.GetFullPath(capture.TracePath)), From = from, KernelInputs = true }],
        };
    }

    private static double Share(long part, long whole) => whole == 0 ? 1 : (double)part / whole;

    private static List<string> LinesUpTo(string path, int line)
    {
        var last = new Queue<string>();
        using var lines = new TextLines(path);
        while (lines.LineNumber < line && lines.TryRead(out ReadOnlySpan<byte> bytes))
        {
            if (lines.LineNumber > line - ContextLines)
            {
                last.Enqueue($"{lines.LineNumber}: {System.Text.Encoding.UTF8.GetString(bytes).Trim()}");
            }
        }
        return [.. last];
    }

    private static List<string> EventsUpTo(RunDirectory directory, long sequence)
    {
        using LogReader log = RunLog.Open(directory);
        var cursor = new EventCursor(log);
        cursor.Seek(Math.Max(0, sequence - ContextLines + 1));
        using var line = new EventLine(json: false);
        var events = new List<string>();
        while (cursor.MoveNext() && cursor.Header.Sequence <= sequence)
        {
            events.Add(line.Of(cursor).TrimEnd());
        }
        return events;
    }

    private sealed class Silent : IProgress<RunSample>
    {
        public void Report(RunSample value)
        {
        }
    }
}

/// <summary>What a capture came to.</summary>
/// <param name="Capture">Name of its folder.</param>
/// <param name="From">Where it began.</param>
/// <param name="Run">The run directory.</param>
/// <param name="Finished">False when it was interrupted.</param>
/// <param name="Allocations">Requests that the recorded kernel answered.</param>
/// <param name="SamePfn">Share answered with the same frame, 0 to 1.</param>
/// <param name="SameZone">Share answered from the same zone.</param>
/// <param name="SamePfnCount">How many were answered with the same frame.</param>
/// <param name="SameZoneCount">How many were answered from the same zone.</param>
/// <param name="AnsweredHereOnly">Requests that only this machine could answer.</param>
/// <param name="ZoneMisses">The first requests for which another zone was chosen here.</param>
/// <param name="Checkpoints">Each checkpoint passed.</param>
/// <param name="FirstMiss">The first different answer.</param>
/// <param name="Inputs">What was replayed and what was taken from the trace.</param>
internal sealed record PageParityReport(
    string Capture, string From, string Run, bool Finished, long Allocations, double SamePfn, double SameZone, long SamePfnCount, long SameZoneCount,
    long AnsweredHereOnly, IReadOnlyList<ZoneMiss> ZoneMisses, IReadOnlyList<CheckpointParity> Checkpoints, PageMiss? FirstMiss, IReadOnlyDictionary<string, long> Inputs)
{
    /// <summary>True when nothing differs.</summary>
    public bool IsEqual => SamePfnCount == Allocations && AnsweredHereOnly == 0 && Checkpoints.All(c => c.ListsIdentical && c.BuddyinfoEqual != false);
}
