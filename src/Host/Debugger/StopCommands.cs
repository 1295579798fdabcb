using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Host.Commands;
using Sim.Host.Debugger.Expressions;

namespace Sim.Host.Debugger;

/// <summary>Commands that stop where something happens.</summary>
internal static class StopCommands
{
    private const string Watched =
        "WHAT is frame:PFN (who holds it, its block, its list), vma:PID:ADDRESS (the area that contains the address) or zone:NAME\n"
        + "(free pages, place among the watermarks). It stays watched: continue and reverse-continue stop at it, too, until delete.";

    public static IReadOnlyList<DebugCommand> All { get; } =
    [
        new("watch", "w", "watch [-back] WHAT", "Goes to the next event that changes something, or with -back to the last one before.", Watch, Watched),
        new("back-watch", "bw", "back-watch WHAT", "The same as watch -back.", (c, text) => Watch(c, text, back: true), Watched),
        new("break", "", "break on KIND [where EXPR]", "Sets a breakpoint at events of a kind, such as page.alloc_failed.", Break,
            "break on page.alloc where page_order >= 4 and owner == 3; several kinds are separated by commas. \"break EXPR\" is an expression of all kinds."),
        new("continue", "c", "continue", "Goes on to the next breakpoint or change of something watched; else to the end.", (c, text) => Continue(c, "continue", text, back: false)),
        new("reverse-continue", "rc", "reverse-continue", "Goes back to the last one before; else to the start.", (c, text) => Continue(c, "reverse-continue", text, back: true)),
        new("delete", "d", "delete N", "Removes a breakpoint or watchpoint.", Delete),
    ];

    private static Answer Watch(DebugContext context, string text)
    {
        bool back = text == "-back" || text.StartsWith("-back ", StringComparison.Ordinal);
        return Watch(context, back ? text["-back".Length..].Trim() : text, back);
    }

    private static Answer Watch(DebugContext context, string text, bool back)
    {
        StopPoint point = context.Stops.Add(WatchTarget.Parse(context, text));
        long home = context.Timeline.Position;
        return context.Travel(() => Go(context, [point], back) ?? throw new CommandException(ExitCode.Difference,
            $"{MovingCommands.NoEvent(back ? "before" : "after", home)} changes {point.Watch!.Target}."));
    }

    private static Answer Break(DebugContext context, string text)
    {
        StopPoint point = context.Stops.Add(EventCondition.Parse(Expression(text), context.Run.Log.Header.Catalogue));
        return new Answer(
            () => string.Create(CultureInfo.InvariantCulture, $"{point.Number}: {point}"),
            () => new JsonObject { ["number"] = point.Number, ["breakpoint"] = point.Condition!.Text });
    }

    private static string Expression(string text)
    {
        string[] words = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.FirstOrDefault() != "on")
        {
            return text;
        }
        int where = Array.IndexOf(words, "where");
        string kinds = string.Join(' ', words[1..(where < 0 ? words.Length : where)]);
        if (kinds.Length == 0 || where == words.Length - 1)
        {
            throw new CommandException(ExitCode.Usage, "A breakpoint is written \"break on KIND\" or \"break on KIND where EXPR\".");
        }
        string kind = kinds.Contains(',') ? $"kind in {{{kinds}}}" : $"kind == {kinds}";
        int condition = text.IndexOf("where", text.IndexOf(words[1], StringComparison.Ordinal) + words[1].Length, StringComparison.Ordinal) + "where".Length;
        return where < 0 ? kind : $"{kind} and ({text[condition..].Trim()})";
    }

    private static Answer Continue(DebugContext context, string name, string text, bool back)
    {
        DebugCommand.RequireNothing(name, text);
        return context.Travel(() => Go(context, context.Stops.All, back) ?? new Answer(
            () => $"{context.Moment.Text()}\n  the {(back ? "start" : "end")} of the log: nothing to stop at on the way",
            () => WithStops(context, [])));
    }

    private static Answer Delete(DebugContext context, string text)
    {
        StopPoint point = context.Stops.Delete(OptionText.Number("delete", text, 1));
        return new Answer(() => $"deleted: {point}", () => new JsonObject { ["number"] = point.Number });
    }

    // Null when there is nothing to stop at; the timeline is at an end then.
    private static Answer? Go(DebugContext context, IReadOnlyList<StopPoint> points, bool back)
    {
        var hunt = new Hunt(context, points);
        if ((back ? hunt.Backward() : hunt.Forward()) is not { } stops)
        {
            return null;
        }
        return new Answer(
            () => string.Join('\n', stops.Select(s => Line(s.Point, s.What)).Prepend(context.Moment.Text())),
            () => WithStops(context, stops));
    }

    private static JsonObject WithStops(DebugContext context, IReadOnlyList<(StopPoint Point, string What)> stops)
    {
        JsonObject json = context.Moment.Json();
        json["stops"] = new JsonArray([.. stops.Select(s => (JsonNode)new JsonObject
        {
            ["number"] = s.Point.Number,
            [s.Point.Watch is null ? "breakpoint" : "watch"] = s.Point.Watch?.Target ?? s.Point.Condition!.Text,
            ["change"] = s.Point.Watch is null ? null : s.What,
        })]);
        return json;
    }

    private static string Line(StopPoint point, string what) => string.Create(CultureInfo.InvariantCulture,
        $"  {point.Number}: {(point.Watch is { } watch ? $"{watch.Target} {what}" : point.ToString())}");
}
