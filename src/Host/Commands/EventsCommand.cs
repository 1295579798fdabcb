using System.CommandLine;
using System.Globalization;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Debugger.Expressions;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>events RUN</c>: browses and filters the log.</summary>
internal sealed class EventsCommand(StandardStreams streams) : ICommandModule
{
    private readonly Argument<string> _run = new("RUN") { Description = "The run directory." };
    private readonly Option<string[]> _kind = new("--kind") { HelpName = "K", Description = "Only this kind (page.alloc) or category (page). May be given several times.", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _pfn = new("--pfn") { HelpName = "N", Description = "Only events that name this frame or a block it lies in." };
    private readonly Option<string?> _pid = new("--pid") { HelpName = "N", Description = "Only events that name this task." };
    private readonly Option<string?> _where = new("--where") { HelpName = "EXPR", Description = "Only events that the expression means, such as 'page_order >= 9 and time > 5ms'." };
    private readonly Option<string?> _from = new("--from") { HelpName = "N", Description = "Begin with the event of this sequence number." };
    private readonly Option<string?> _to = new("--to") { HelpName = "N", Description = "End with the event of this sequence number." };
    private readonly Option<string?> _count = new("-n") { HelpName = "N", Description = "At most so many events." };
    private readonly Option<string?> _causeOf = new("--cause-of") { HelpName = "N", Description = "The event of this sequence number and the chain of causes that led to it, nearest first." };
    private readonly Option<string?> _effectsOf = new("--effects-of")
    {
        HelpName = "N",
        Description = string.Create(CultureInfo.InvariantCulture, $"The event of this sequence number and what it led to, directly or not, among the {EventChains.EffectsWithin / 1_000_000} million events behind it, or up to --to."),
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON Lines." };

    public Command Build()
    {
        var command = new Command("events",
            "Prints events of a run, one a line.\n\nExamples:\n  sim events runs/latest -n 20\n  sim events runs/latest --kind page.alloc --pfn 0x1a00 --json\n"
            + "  sim events runs/latest --where 'kind == page.alloc_failed and page_order >= 9'\n  sim events runs/latest --cause-of 123456");
        command.Arguments.Add(_run);
        foreach (Option option in (ReadOnlySpan<Option>)[_kind, _pfn, _pid, _where, _from, _to, _count, _causeOf, _effectsOf, _json])
        {
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) =>
        {
            Print(parsed, cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Print(ParseResult parsed, CancellationToken cancellation)
    {
        long? pfn = parsed.GetValue(_pfn) is { } p ? OptionText.Hexadecimal("--pfn", p) : null;
        long? pid = parsed.GetValue(_pid) is { } task ? OptionText.Number("--pid", task, long.MinValue) : null;
        long? from = Number(parsed, _from), to = Number(parsed, _to), effect = Number(parsed, _causeOf), cause = Number(parsed, _effectsOf);
        long limit = Number(parsed, _count) ?? long.MaxValue;
        if (effect is not null && cause is not null)
        {
            throw new CommandException(ExitCode.Usage, "--cause-of and --effects-of: give one of them.");
        }
        var directory = RunDirectory.Open(parsed.GetValue(_run)!);
        using LogReader log = RunLog.Open(directory, streams.Error, cancellation);
        IEventCondition shown = new EventFilter(log.Header.Catalogue, parsed.GetValue(_kind)!, pfn, pid);
        if (parsed.GetValue(_where) is { } where)
        {
            shown = new BothConditions(shown, EventCondition.Parse(where, log.Header.Catalogue));
        }
        Require(log, "--cause-of", effect);
        Require(log, "--effects-of", cause);
        using var line = new EventLine(parsed.GetValue(_json));
        if (effect is { } end)
        {
            Note(log, end, PrintCauses(log, end, shown, line, limit) > 0 || limit == 0);
        }
        else
        {
            long first = Math.Max(from ?? 0, cause ?? 0), last = to ?? (cause is { } c ? c + EventChains.EffectsWithin : log.LastSequence);
            // Of effects every event is asked, and a stretch at the start is read at once: neither has a use for an index.
            bool isSearch = cause is null && (parsed.GetValue(_kind)!.Length > 0 || pfn is not null || pid is not null || parsed.GetValue(_where) is not null);
            RunIndex index = !isSearch
                ? new RunIndex(new LogBlocks(log), null)
                : RunIndex.Open(directory, log, streams.Error, cancellation);
            long found = PrintFound(new EventSearch(log, index), cause is { } root ? new EffectsOf(root, shown) : shown, first, last, line, limit, cancellation);
            Note(log, first, found > 0 || limit == 0);
            if (cause is not null && to is null && last < log.LastSequence)
            {
                streams.Error.WriteLine($"note: effects were looked for up to event {last}; --to N goes further.");
            }
        }
        RunLog.NoteEnd(log, streams.Error);
    }

    private long PrintFound(EventSearch search, IEventCondition condition, long first, long last, EventLine line, long limit, CancellationToken cancellation)
    {
        long printed = 0;
        foreach (long _ in limit == 0 ? [] : search.Each(condition, first, last, cancellation))
        {
            streams.Out.WriteLine(line.Of(search.Cursor));
            if (++printed == limit)
            {
                break;
            }
        }
        return printed;
    }

    private long PrintCauses(LogReader log, long end, IEventCondition shown, EventLine line, long limit)
    {
        var cursor = new EventCursor(log);
        long printed = 0;
        foreach (long _ in EventChains.CausesOf(cursor, end))
        {
            if (printed < limit && shown.Matches(cursor))
            {
                streams.Out.WriteLine(line.Of(cursor));
                printed++;
            }
        }
        return printed;
    }

    // No answer is one, too.
    private void Note(LogReader log, long first, bool found)
    {
        if (!found)
        {
            streams.Error.WriteLine(first > log.LastSequence ? $"note: the log has no event {first}; {(log.LastSequence < 0 ? "it has none" : $"its last is event {log.LastSequence}")}." : "note: there is no such event.");
        }
    }

    private static long? Number(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? OptionText.Number(option.Name, text) : null;

    private static void Require(LogReader log, string option, long? sequence)
    {
        if (sequence > log.LastSequence)
        {
            throw new CommandException(ExitCode.Usage, $"{option} {sequence}: the log has the events 0 to {log.LastSequence}.");
        }
    }

    private sealed class BothConditions(IEventCondition one, IEventCondition other) : IEventCondition
    {
        public bool Matches(EventCursor e) => one.Matches(e) && other.Matches(e);

        public bool MayMatch(in BlockSummary block) => one.MayMatch(in block) && other.MayMatch(in block);
    }
}
