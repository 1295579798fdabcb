using System.Globalization;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>A stretch of a captured trace: between two of its checkpoints.</summary>
/// <param name="First">Index of the first event.</param>
/// <param name="End">Index one past the last event.</param>
/// <param name="Checkpoint">Number of the checkpoint it begins with; -1 for the beginning of the trace.</param>
internal readonly record struct CaptureRange(int First, int End, int Checkpoint)
{
    /// <summary>What may be asked for.</summary>
    public const string Pattern = "^(start|boot|phase:[A-Za-z0-9][A-Za-z0-9._-]{0,63})$";

    /// <summary>Finds the stretch in a trace by its marks.</summary>
    /// <param name="text">The trace.</param>
    /// <param name="from"><c>start</c>: from the first checkpoint to the end; <c>boot</c>: from the beginning to the first checkpoint; <c>phase:NAME</c>: that phase.</param>
    /// <exception cref="TraceFormatException">It has no such mark.</exception>
    public static CaptureRange Of(FtraceText text, string from)
    {
        var snaps = new SortedDictionary<int, int>();
        var reads = new Dictionary<int, int>();
        var phases = new List<(int Number, string Plan)>();
        for (int i = 0; i < text.Events.Length; i++)
        {
            if (text.Events[i].Kind != CaptureEventKind.Mark)
            {
                continue;
            }
            string[] words = text.Marks[text.Events[i].Number].Split(' ');
            if (words.Length >= 3 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                switch (words[0])
                {
                    case "KT_SNAP":
                        snaps.TryAdd(number, i);
                        break;
                    case "KT_READ" when words.Length >= 4 && words[3] == "buddyinfo":
                        reads.TryAdd(number, i);
                        break;
                    case "KT_PHASE_BEGIN":
                        phases.Add((number, words[2]));
                        break;
                }
            }
        }
        if (snaps.Count == 0)
        {
            if (from == "start")
            {
                // A trace that nobody marked: all of it.
                return new CaptureRange(0, text.Events.Length, -1);
            }
            throw Missing(text, "it has no checkpoint (mark KT_SNAP)", "Record again with the marks");
        }
        if (from == "boot")
        {
            return new CaptureRange(0, EndOf(0), -1);
        }
        if (from == "start")
        {
            return new CaptureRange(snaps[0] + 1, snaps.Count > 1 ? EndOf(snaps.Keys.Last()) : text.Events.Length, 0);
        }
        string name = from["phase:".Length..];
        int index = phases.FindIndex(p => p.Plan == name || p.Plan.StartsWith(name + ".", StringComparison.Ordinal));
        if (index < 0)
        {
            throw Missing(text, $"it has no phase {name}", $"Name one of {string.Join(", ", phases.Select(p => p.Plan.Split('.')[0]).Distinct())}");
        }
        int phase = phases[index].Number;
        return snaps.ContainsKey(phase) && snaps.ContainsKey(phase + 1)
            ? new CaptureRange(snaps[phase] + 1, EndOf(phase + 1), phase)
            : throw Missing(text, $"the phase {name} has no checkpoint before or after it", "Name another phase");

        int EndOf(int checkpoint) => (reads.TryGetValue(checkpoint, out int read) ? read : snaps[checkpoint]) + 1;
    }

    private static TraceFormatException Missing(FtraceText text, string problem, string remedy) =>
        TraceFormatException.AtLine(text.Path, 0, problem, remedy);
}
