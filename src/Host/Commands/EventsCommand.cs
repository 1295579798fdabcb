using System.CommandLine;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Provenance;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>events RUN</c>: browses and filters the log.</summary>
internal sealed class EventsCommand(StandardStreams streams) : ICommandModule
{
    public Command Build()
    {
        var command = new Command("events",
            "Prints events of a run, one a line.\n\nExamples:\n  sim events runs/latest -n 20\n  sim events runs/latest --kind page.alloc --pfn 0x1a00 --json\n  sim events runs/latest --cause-of 123456");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var kind = new Option<string[]>("--kind") { HelpName = "K", Description = "Only this kind (page.alloc) or category (page). May be given several times.", DefaultValueFactory = _ => [] };
        var pfn = new Option<string?>("--pfn") { HelpName = "N", Description = "Only events that name this frame or a block it lies in." };
        var pid = new Option<string?>("--pid") { HelpName = "N", Description = "Only events that name this task." };
        var from = new Option<string?>("--from") { HelpName = "N", Description = "Begin with the event of this sequence number." };
        var count = new Option<string?>("-n") { HelpName = "N", Description = "At most so many events." };
        var causeOf = new Option<string?>("--cause-of") { HelpName = "N", Description = "The event of this sequence number and the chain of causes that led to it, nearest first." };
        var effectsOf = new Option<string?>("--effects-of") { HelpName = "N", Description = "The event of this sequence number and what it led to, directly or not." };
        var json = new Option<bool>("--json") { Description = "Print JSON Lines." };
        command.Arguments.Add(run);
        foreach (Option option in (ReadOnlySpan<Option>)[kind, pfn, pid, from, count, causeOf, effectsOf, json])
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
            long? effect = parsed.GetValue(causeOf) is { } e ? OptionText.Number("--cause-of", e) : null;
            long? cause = parsed.GetValue(effectsOf) is { } c ? OptionText.Number("--effects-of", c) : null;
            if (effect is not null && cause is not null)
            {
                throw new CommandException(ExitCode.Usage, "--cause-of and --effects-of: give one of them.");
            }
            Print(parsed.GetValue(run)!, parsed.GetValue(kind)!, filter, effect is null ? Math.Max(first, cause ?? 0) : 0, limit,
                parsed.GetValue(json), log => effect is { } end ? new CausesOf(log, end) : cause is { } begin ? new EffectsOf(log, begin) : new EveryEvent(), cancellation);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Print(string run, string[] kinds, EventFilter filter, long first, long limit, bool json,
        Func<LogReader, IEventChain> chainOf, CancellationToken cancellation)
    {
        using LogReader log = RunLog.Open(RunDirectory.Open(run));
        var cursor = new EventCursor(log);
        Select(cursor, log, kinds);
        IEventChain chain = chainOf(log);
        if (chain.Sequences is { } sequences)
        {
            Print(cursor, sequences, filter, limit, json);
            RunLog.NoteEnd(log, streams.Error);
            return;
        }
        cursor.Seek(first);
        using var line = new EventLine(json);
        for (long seen = 0; limit > 0 && cursor.MoveNext(); seen++)
        {
            if (chain.Has(cursor) && filter.Matches(cursor))
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

    private void Print(EventCursor cursor, IReadOnlyList<long> sequences, EventFilter filter, long limit, bool json)
    {
        using var line = new EventLine(json);
        foreach (long sequence in sequences)
        {
            cursor.Seek(sequence);
            if (limit > 0 && cursor.MoveNext() && cursor.Header.Sequence == sequence && filter.Matches(cursor))
            {
                streams.Out.WriteLine(line.Of(cursor));
                limit--;
            }
        }
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
