using System.CommandLine;
using Sim.Engine.Log;
using Sim.Engine.Replay;
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
                parsed.GetValue(pfn) is { } p ? OptionText.Hexadecimal("--pfn", p) : null,
                parsed.GetValue(pid) is { } task ? OptionText.Number("--pid", task, long.MinValue) : null);
            long first = parsed.GetValue(from) is { } f ? OptionText.Number("--from", f) : 0;
            long limit = parsed.GetValue(count) is { } n ? OptionText.Number("-n", n) : long.MaxValue;
            Print(parsed.GetValue(run)!, parsed.GetValue(kind)!, filter, first, limit, parsed.GetValue(json), cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Print(string run, string[] kinds, EventFilter filter, long first, long limit, bool json, CancellationToken cancellation)
    {
        using LogReader log = RunLog.Open(RunDirectory.Open(run));
        var cursor = new EventCursor(log);
        Select(cursor, log, kinds);
        cursor.Seek(first);
        using var line = new EventLine(json);
        for (long seen = 0; limit > 0 && cursor.MoveNext(); seen++)
        {
            if (filter.Matches(cursor))
            {
                streams.Out.WriteLine(line.Of(cursor));
                limit--;
            }
            if ((seen & 0xFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
        RunLog.NoteEnd(log, streams.Error);
    }

    private static void Select(EventCursor cursor, LogReader log, string[] kinds)
    {
        string[] known = [.. log.Header.Catalogue.SelectMany(d => (string[])[d.Name, d.Category]).Distinct()];
        if (kinds.FirstOrDefault(k => !known.Contains(k)) is { } unknown)
        {
            throw new CommandException(ExitCode.Usage, $"--kind {unknown}: the log has no such kind or category.{Suggestion.For(unknown, known)}");
        }
        if (kinds.Length > 0)
        {
            cursor.Only(kinds);
        }
    }
}
