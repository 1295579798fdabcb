using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sim.Host.Traces;
using Sim.Kernel.Replacement;

namespace Sim.Host.Commands;

/// <summary><c>replacement --policy P --frames N TRACE</c>: one replacement policy alone on a page-reference trace.</summary>
internal sealed class ReplacementCommand(StandardStreams streams) : ICommandModule
{
    /// <summary>64 GiB of 4 KiB pages.</summary>
    private const int MaxFrames = 1 << 24;

    private const int ReferencesBetweenLooks = 1 << 16;

    public Command Build()
    {
        var command = new Command("replacement",
            "Counts the page faults of a replacement policy on a trace of page references, one page number a line, beginning with empty "
            + "frames.\n\nPolicies that see accessed bits only, as a kernel does:\n" + Lines(p => !p.Oracle)
            + "\n\nOracles, which see every reference:\n" + Lines(p => p.Oracle)
            + "\n\nExamples:\n  sim replacement --policy lru --frames 1000 traces/replacement/zipf.txt.gz\n"
            + "  sim replacement --policy opt --frames 4500 traces/replacement/loopscan.txt.gz --json");
        var policy = new Option<string>("--policy") { HelpName = "P", Description = "The policy.", Required = true };
        var frames = new Option<string>("--frames") { HelpName = "N", Description = "Page frames to share out.", Required = true };
        var tick = new Option<string?>("--tick") { HelpName = "REFERENCES", Description = "Timer of nru and aging. Default: the number of frames." };
        var window = new Option<string?>("--window") { HelpName = "REFERENCES", Description = "Window of working-set and wsclock. Default: twice the frames." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var trace = new Argument<string>("TRACE") { Description = "The page references; may be gzip-compressed." };
        command.Arguments.Add(trace);
        foreach (Option option in (Option[])[policy, frames, tick, window, json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            PolicyDescription chosen = Policy(parsed.GetValue(policy)!);
            int count = Frames(parsed.GetValue(frames)!);
            ReplacementTuning tuning = ReplacementTuning.For(count);
            tuning = new ReplacementTuning(Number("--tick", parsed.GetValue(tick), tuning.TickEvery), Number("--window", parsed.GetValue(window), tuning.Window));
            ReplacementRun run = Run(chosen, count, tuning, parsed.GetValue(trace)!, cancellation);
            Print(chosen, count, run, parsed.GetValue(json));
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private static string Lines(Func<PolicyDescription, bool> which) => string.Join('\n', ReplacementPolicies.All.Where(which).Select(p => $"  {p.Name,-14} {p.Summary}"));

    private static PolicyDescription Policy(string name) => ReplacementPolicies.Find(name)
        ?? throw new CommandException(ExitCode.Usage, $"--policy {name}: there is no such policy. Choose one of {string.Join(", ", ReplacementPolicies.All.Select(p => p.Name))}.");

    private static int Frames(string text) => OptionText.Number("--frames", text, 1) is long frames and <= MaxFrames
        ? (int)frames
        : throw new CommandException(ExitCode.Usage, $"--frames {text}: at most {MaxFrames}.");

    private static long Number(string option, string? text, long otherwise) => text is null ? otherwise : OptionText.Number(option, text, 1);

    private ReplacementRun Run(PolicyDescription policy, int frames, ReplacementTuning tuning, string path, CancellationToken cancellation)
    {
        using var references = new PageReferences(path);
        var numbering = new PageNumbering();
        ReplacementRun run;
        if (policy.NeedsFuture)
        {
            int[] all = ReadAll(references, numbering, path, cancellation);
            run = new ReplacementRun(policy, frames, tuning, new FutureReferences(all, numbering.Count));
            foreach (int page in all)
            {
                run.Reference(page);
            }
        }
        else
        {
            run = new ReplacementRun(policy, frames, tuning);
            Action look = Look(references, cancellation);
            while (references.TryRead(out ulong page))
            {
                run.Reference(numbering.HandleOf(page));
                if (run.Now % ReferencesBetweenLooks == 0)
                {
                    look();
                }
            }
        }
        return run.Now > 0 ? run : throw TraceFormatException.AtLine(path, 0, "the trace has no reference", "Give one page number a line");
    }

    private int[] ReadAll(PageReferences references, PageNumbering numbering, string path, CancellationToken cancellation)
    {
        int[] all = new int[ReferencesBetweenLooks];
        int count = 0;
        Action look = Look(references, cancellation);
        while (references.TryRead(out ulong page))
        {
            if (count == all.Length)
            {
                if (count > Array.MaxLength / 2)
                {
                    throw TraceFormatException.AtLine(path, references.LineNumber, $"a policy that needs the future holds at most {count} references in memory", "Use a part of the trace");
                }
                Array.Resize(ref all, 2 * count);
            }
            all[count++] = numbering.HandleOf(page);
            if (count % ReferencesBetweenLooks == 0)
            {
                look();
            }
        }
        return all[..count];
    }

    /// <summary>Looks up now and then: stops when asked to, and says how far it is every ten seconds.</summary>
    private Action Look(PageReferences references, CancellationToken cancellation)
    {
        long last = Stopwatch.GetTimestamp();
        return () =>
        {
            cancellation.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(last).TotalSeconds >= 10)
            {
                last = Stopwatch.GetTimestamp();
                streams.Error.WriteLine($"read {references.Progress.Done >> 20} of {references.Progress.Total >> 20} MiB");
            }
        };
    }

    private void Print(PolicyDescription policy, int frames, ReplacementRun run, bool json)
    {
        double missRatio = (double)run.Misses / run.Now;
        streams.Out.WriteLine(json
            ? JsonSerializer.Serialize(new { policy = policy.Name, frames, references = run.Now, run.Hits, run.Misses, missRatio, policy.Oracle }, HostJson.Indented)
            : string.Create(CultureInfo.InvariantCulture, $"{policy.Name}{(policy.Oracle ? " (oracle)" : "")}, {frames} frames: {run.Now} references, {run.Hits} hits, {run.Misses} misses, miss ratio {missRatio:0.000000}"));
    }
}
