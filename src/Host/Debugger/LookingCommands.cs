using System.Text.Json;
using System.Text.Json.Nodes;
using Sim.Host.Commands;
using Sim.Host.Provenance;
using Sim.Host.Runs;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>Commands that look at the present moment, at events, and at what differs between two moments.</summary>
internal static class LookingCommands
{
    private const string WhyForm = "why is written frame:PFN, block:PFN ORDER or blocks ORDER.";
    private const int NearestBlocks = 8;

    public static IReadOnlyList<DebugCommand> All { get; } =
    [
        new("show", "", "show VIEW", "Shows the memory now, as sim show does.", Show, $"Views: {string.Join(' ', StateViews.All.Select(StateViews.Usage))}."),
        new("why", "", "why frame:PFN [-n N] | block:PFN ORDER | blocks ORDER", "Tells how a frame came to be what it is now, or what keeps blocks from being free.", Why,
            "-n N shows the last N events of the frame, -n all those of the whole log; without, a long log is asked for the frame's present life."),
        new("event", "e", "event [N]", "Prints an event, the present one without a number, and what led to it.", Event),
        new("diff-state", "ds", "diff-state N M", "Tells what of the memory differs between the moments after events N and M.", DiffState),
    ];

    private static Answer Show(DebugContext context, string text)
    {
        (StateView view, long number) = StateViews.Parse(text.Length > 0 ? text : throw new CommandException(ExitCode.Usage, "show needs a view. \"help show\" lists them."));
        var request = new ViewRequest(context.Timeline.State.State, context.Timeline.Symbols, number, context.Timeline.TimePs);
        // What the moment does not have, such as a task, is said now.
        string shown = view.Render(request);
        return new Answer(
            () => shown.TrimEnd('\n'),
            () => new JsonObject { ["view"] = text, ["sequence"] = context.Timeline.Position, ["rows"] = JsonSerializer.SerializeToNode(view.Rows(request), HostJson.Line) });
    }

    private static Answer Why(DebugContext context, string text)
    {
        string[] words = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case [var frame] when frame.StartsWith("frame:", StringComparison.Ordinal):
                return WhyFrame(context, frame, null);
            case [var frame, "-n", var count] when frame.StartsWith("frame:", StringComparison.Ordinal):
                return WhyFrame(context, frame, count == "all" ? int.MaxValue : (int)Math.Min(int.MaxValue, OptionText.Number("-n", count, 1)));
            case [var block, var order] when block.StartsWith("block:", StringComparison.Ordinal):
                return WhyBlock(context, block, order);
            case [var block, "--order", var order] when block.StartsWith("block:", StringComparison.Ordinal):
                return WhyBlock(context, block, order);
            case ["blocks", var order]:
                var survey = new BlockSurvey(context.At, Order("blocks", order), NearestBlocks);
                return new Answer(() => Printed(survey.Print), survey.Json);
            default:
                throw new CommandException(ExitCode.Usage, $"\"{text}\": {WhyForm}");
        }
    }

    private static Answer WhyFrame(DebugContext context, string frame, int? count)
    {
        long pfn = OptionText.Hexadecimal("frame:", frame["frame:".Length..]);
        FrameBiography biography = context.Travel(() => FrameBiography.Read(context.At, pfn, context.Timeline.Position, count));
        int last = count ?? int.MaxValue;
        return new Answer(() => Printed(text => biography.Print(text, last)), () => biography.Json(last));
    }

    private static Answer WhyBlock(DebugContext context, string block, string order)
    {
        var holders = BlockHolders.Read(context.At, OptionText.Hexadecimal("block:", block["block:".Length..]), Order(block, order));
        return new Answer(() => Printed(holders.Print), holders.Json);
    }

    private static int Order(string what, string text)
    {
        long order = OptionText.Number($"why {what}", text);
        return order <= PageOrder.Max ? (int)order : throw new CommandException(ExitCode.Usage, $"why {what}: a block has an order from 0 to {PageOrder.Max}.");
    }

    private static Answer Event(DebugContext context, string text)
    {
        long sequence = text.Length == 0 ? context.Timeline.Position : OptionText.Number("event", text);
        if (sequence < 0 || sequence > context.Timeline.Last)
        {
            throw new CommandException(ExitCode.Usage,
                sequence < 0 ? "There is no event before the first; name one: event N." : $"event {sequence}: the log has the events 0 to {context.Timeline.Last}.");
        }
        EventLibrary library = context.At.Library();
        LoggedEvent e = library[sequence];
        IReadOnlyList<LoggedEvent> causes = library.CausesOf(e);
        return new Answer(
            () => string.Join('\n', causes.Select(c => $"  because of {c}").Prepend(e.ToString())),
            () => new JsonObject { ["event"] = e.Json.DeepClone(), ["causes"] = new JsonArray([.. causes.Select(c => c.Json.DeepClone())]) });
    }

    private static Answer DiffState(DebugContext context, string text)
    {
        string[] words = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2)
        {
            throw new CommandException(ExitCode.Usage, "diff-state needs two events: diff-state N M.");
        }
        long before = OptionText.Number("diff-state", words[0], -1), after = OptionText.Number("diff-state", words[1], -1);
        StateDifference difference = context.Travel(() =>
        {
            long home = context.Timeline.Position;
            StateDifference found = StateDifference.Between(context, before, after);
            context.Timeline.GoTo(home);
            return found;
        });
        return new Answer(difference.Text, difference.Json);
    }

    private static string Printed(Action<TextWriter> print)
    {
        using var text = new StringWriter { NewLine = "\n" };
        print(text);
        return text.ToString().TrimEnd('\n');
    }
}
