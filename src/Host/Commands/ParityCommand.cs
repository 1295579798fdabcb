using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sim.Host.Captures;
using Sim.Host.Parity;
using Sim.Host.Traces;
using Sim.Kernel.Boot;

namespace Sim.Host.Commands;

/// <summary><c>parity pages DIR…</c>: recordings of real kernels against this one.</summary>
internal sealed class ParityCommand(StandardStreams streams, CommandLineText commandLine) : ICommandModule
{
    public Command Build() => new("parity", "Replays recordings of real kernels and reports what differs.")
    {
        Pages(),
        new CallParityCommand(streams).Build(),
        new MallocParityCommand(streams).Build(),
        new ExecParityCommand(streams).Build(),
    };

    private Command Pages()
    {
        var command = new Command("pages",
            "Asks the page allocator what a recorded kernel was asked, beginning with the kernel's own lists, and compares every "
            + "page frame and every list. The replay is an ordinary run: every other command works on it.\n\n"
            + "Examples:\n  sim parity pages captures/fork-256\n  sim parity pages captures/mixed-256 --from phase:frag --json");
        var folders = new Argument<string[]>("DIR") { Description = "Folders of captures.", Arity = ArgumentArity.OneOrMore };
        var from = new Option<string>("--from")
        {
            HelpName = "start|boot|phase:NAME",
            Description = "Where to begin: the first checkpoint, the boot, or the checkpoint before a phase, which it ends with.",
            DefaultValueFactory = _ => "start",
        };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "The run directory; with several captures, the folder of the run directories." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(folders);
        command.Options.Add(from);
        command.Options.Add(output);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) => Task.FromResult((int)Run(
            parsed.GetValue(folders)!, parsed.GetValue(from)!, OptionText.Path("--out", parsed.GetValue(output)), parsed.GetValue(json), cancellation)));
        return command;
    }

    private ExitCode Run(string[] folders, string from, string? output, bool json, CancellationToken cancellation)
    {
        if (!Regex.IsMatch(from, CaptureRange.Pattern, RegexOptions.CultureInvariant))
        {
            throw new CommandException(ExitCode.Usage, $"--from {from}: give start, boot or phase:NAME.");
        }
        // What can be seen to be wrong beforehand ends nothing half-way.
        CaptureFolder[] captures = [.. folders.Select(Open)];
        if (output is not null && captures.Select(c => c.Name).Distinct(StringComparer.Ordinal).Count() < captures.Length)
        {
            throw new CommandException(ExitCode.Usage, "--out: two captures have the same name, and so would their run directories. Run them one by one.");
        }
        var reports = new List<PageParityReport>();
        foreach (CaptureFolder capture in captures)
        {
            PageParityReport report = Run(capture, from, output is null || captures.Length == 1 ? output : Path.Combine(output, capture.Name), cancellation);
            reports.Add(report);
            if (!json)
            {
                Print(report);
            }
            if (!report.Finished)
            {
                break;
            }
        }
        if (json)
        {
            streams.Out.WriteLine(JsonSerializer.Serialize(reports.Select(Json), HostJson.Indented));
        }
        return reports.Exists(r => !r.Finished) ? ExitCode.Interrupted
            : reports.TrueForAll(r => r.IsEqual) ? ExitCode.Ok
            : ExitCode.Difference;
    }

    private static CaptureFolder Open(string folder)
    {
        try
        {
            return CaptureFolder.Open(folder);
        }
        catch (TraceFormatException e)
        {
            throw new CommandException(ExitCode.Configuration, e.Message, e);
        }
    }

    private PageParityReport Run(CaptureFolder capture, string from, string? output, CancellationToken cancellation)
    {
        try
        {
            streams.Error.WriteLine($"{capture.Name}: Linux {capture.Kernel}, {capture.MemoryBytes >> 20} MiB, {capture.Cpus} CPU{(capture.Cpus > 1 ? "s" : "")}, from {from}");
            PageParityReport report = PageParityRun.Run(capture, from, output, commandLine.Text, cancellation);
            if (!report.Finished)
            {
                streams.Error.WriteLine("interrupted; the report covers what was replayed until then.");
            }
            return report;
        }
        catch (TraceFormatException e)
        {
            throw new CommandException(ExitCode.Configuration, e.Message, e);
        }
        catch (ImpossibleMachineException e)
        {
            throw new CommandException(ExitCode.Configuration, $"{capture.Path}: {e.Message}", e);
        }
    }

    private static object Json(PageParityReport report) => new
    {
        report.Capture,
        report.From,
        report.Run,
        report.Finished,
        report.Allocations,
        report.SamePfn,
        report.SameZone,
        report.SamePfnCount,
        report.SameZoneCount,
        report.AnsweredHereOnly,
        checkpoints = report.Checkpoints.Select(c => new { c.Name, c.ListsIdentical, c.BuddyinfoEqual, c.Differences }),
        report.FirstMiss,
        report.ZoneMisses,
        report.Inputs,
    };

    private void Print(PageParityReport report)
    {
        TextWriter text = streams.Out;
        text.WriteLine($"{report.Capture}, from {report.From}{(report.Finished ? "" : ", interrupted")}");
        text.WriteLine($"  allocations   {report.Allocations}");
        text.WriteLine($"  same pfn      {Percent(report.SamePfn)}  ({report.Allocations - report.SamePfnCount} differ)");
        text.WriteLine($"  same zone     {Percent(report.SameZone)}  ({report.Allocations - report.SameZoneCount} differ)");
        foreach (ZoneMiss miss in report.ZoneMisses.Take(3))
        {
            text.WriteLine($"                line {miss.Line}: recorded {miss.Expected}, chosen here {miss.Chosen ?? "none"} ({miss.Counters})");
        }
        foreach (CheckpointParity checkpoint in report.Checkpoints)
        {
            text.WriteLine($"  checkpoint    {checkpoint.Name}: lists {(checkpoint.ListsIdentical ? "identical" : $"differ in {checkpoint.Differences.Count}")}, "
                + $"buddyinfo {(checkpoint.BuddyinfoEqual switch { true => "equal", false => "differs", null => "not recorded" })}");
            foreach (string difference in checkpoint.Differences.Take(3))
            {
                text.WriteLine($"                {difference}");
            }
        }
        text.WriteLine($"  from trace    {string.Join(", ", report.Inputs.Where(i => i.Value != 0).Select(i => $"{i.Key} {i.Value.ToString(CultureInfo.InvariantCulture)}"))}");
        if (report.FirstMiss is { } first)
        {
            text.WriteLine($"  first miss    allocation {first.Allocation}, line {first.Line}: order {first.Order}, {first.Gfp}");
            text.WriteLine($"    recorded    {first.ExpectedPfn}; here it is now: {first.ExpectedNow}");
            text.WriteLine($"    here        {first.ActualPfn ?? "no frame"}{(first.ActualNow is null ? "" : $": {first.ActualNow}")}");
            Block("lists here, in the recorded frame's zone", first.ListsOfExpected);
            Block("lists here, in the answer's zone", first.ListsOfActual);
            Block("recording up to the request", first.Recorded);
            Block("events here up to the answer", first.Events);
        }
        text.WriteLine($"  run           {report.Run}");

        void Block(string title, IReadOnlyList<string> lines)
        {
            text.WriteLine($"    {title}:");
            foreach (string line in lines)
            {
                text.WriteLine($"      {line}");
            }
        }
    }

    // Rounded down: 100.000 % means all.
    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100_000) / 1000:0.000} %");
}
