using System.CommandLine;
using Sim.Engine.Log;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>events RUN</c>: browses and filters the log.</summary>
internal sealed class EventsCommand(StandardStreams streams) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("events",
            "Prints events of a run, one a line.\n\nExamples:\n  sim events runs/latest -n 20\n  sim events runs/latest --kind page.alloc --pfn 0x1a00 --json");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var kind = new Option<string[]>("--kind") { HelpName = "K", Description = "Only this kind (page.alloc) or category (page). May be given several times.", DefaultValueFactory = _ => [] };
        var pfn = new Option<string?>("--pfn") { HelpName = "N", Description = "Only events that name this frame or a block it lies in." };
        var pid = new Option<string?>("--pid") { HelpName = "N", Description = "Only events that name this task." };
        var from = new Option<string?>("--from") { HelpName = "N", Description = "Begin with the event of this sequence number." };
        var count = new Option<string?>("-n") { HelpName = "N", Description = "At most so many events." };
        var json = new Option<bool>("--json") { Description = "Print JSON Lines." };
        command.Arguments.Add(run);
        foreach (Option option in (ReadOnlySpan<Option>)[kind, pfn, pid, from, count, json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            var filter = new EventFilter(
                parsed.GetValue(kind)!,
                parsed.GetValue(pfn) is { } p ? OptionText.Hexadecimal("--pfn", p) : null,
                parsed.GetValue(pid) is { } task ? OptionText.Number("--pid", task, long.MinValue) : null);
            long first = parsed.GetValue(from) is { } f ? OptionText.Number("--from", f) : 0;
            long limit = parsed.GetValue(count) is { } n ? OptionText.Number("-n", n) : long.MaxValue;
            Print(parsed.GetValue(run)!, filter, first, limit, parsed.GetValue(json), cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Print(string run, EventFilter filter, long first, long limit, bool json, CancellationToken cancellation)
    {
        using LogReader log = RunLog.Open(RunDirectory.Open(run));
        foreach (string kind in filter.Kinds)
        {
            IEnumerable<string> known = log.Header.Catalogue.SelectMany(d => (string[])[d.Name, d.Category]).Distinct();
            if (!known.Contains(kind))
            {
                throw new CommandException(ExitCode.Usage, $"--kind {kind}: the log has no such kind or category.{Suggestion.For(kind, known)}");
            }
        }
        var writer = new EventWriter(streams.Out);
        if (limit > 0)
        {
            new EventScan(log).Visit(e =>
            {
                if (e.Sequence >= first && filter.Matches(e))
                {
                    (json ? (Action<LoggedEvent>)writer.WriteJson : writer.WriteText)(e);
                    limit--;
                }
                if ((e.Sequence & 0xFFFF) == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }
                return limit > 0;
            });
        }
        RunLog.NoteEnd(log, streams.Error);
    }
}
