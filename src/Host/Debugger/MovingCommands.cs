using Sim.Host.Commands;
using Sim.Host.Debugger.Expressions;

namespace Sim.Host.Debugger;

/// <summary>Commands that go to another moment.</summary>
internal static class MovingCommands
{
    public static IReadOnlyList<DebugCommand> All { get; } =
    [
        new("goto", "g", "goto N", "Goes to the moment after event N.", (c, text) => Go(c, OptionText.Number("goto", text))),
        new("at", "", "at T", "Goes to the moment before the first event that is later than T, such as 5ms.", At),
        new("step", "s", "step [N]", "Goes N events on, one without a number; stops at the end.",
            (c, text) => Go(c, Math.Min(c.Timeline.Last, AddUp(c.Timeline.Position, Count("step", text))))),
        new("back", "b", "back [N]", "Goes N events back; stops before the first event.",
            (c, text) => Go(c, Math.Max(-1, c.Timeline.Position - Count("back", text)))),
        new("until", "u", "until EXPR", "Goes to the next event that the expression means.", Until,
            "An expression compares event fields: kind == page.alloc_failed and page_order >= 9. docs/debugging.md has all of it.\n"
            + "Where no event is found, it stays where it is."),
        new("back-until", "bu", "back-until EXPR", "Goes to the last event before this one that the expression means.", BackUntil),
    ];

    /// <summary>Goes to the next event that an expression means.</summary>
    /// <exception cref="CommandException">There is none (exit code 1), or the expression is wrong (exit code 2).</exception>
    public static Answer Until(DebugContext context, string text)
    {
        var condition = EventCondition.Parse(text, context.Run.Log.Header.Catalogue);
        long found = context.Search.First(condition, context.Timeline.Position + 1, context.Timeline.Last, context.Cancellation);
        return found >= 0 ? Go(context, found) : throw NotFound("after", context, text);
    }

    private static Answer BackUntil(DebugContext context, string text)
    {
        var condition = EventCondition.Parse(text, context.Run.Log.Header.Catalogue);
        long found = context.Search.Last(condition, 0, context.Timeline.Position - 1, context.Cancellation);
        return found >= 0 ? Go(context, found) : throw NotFound("before", context, text);
    }

    private static Answer At(DebugContext context, string text)
    {
        Engine.Time.SimTime time = OptionText.Time("at", text);
        return context.Travel(() =>
        {
            context.Timeline.GoTo(time);
            return context.Here();
        });
    }

    private static Answer Go(DebugContext context, long sequence) => context.Travel(() =>
    {
        context.Timeline.GoTo(sequence);
        return context.Here();
    });

    private static CommandException NotFound(string where, DebugContext context, string text) =>
        new(ExitCode.Difference, $"{NoEvent(where, context.Timeline.Position)} is one with {text}.");

    /// <summary>How a sentence begins that says that nothing was found.</summary>
    /// <param name="where">Before or after.</param>
    /// <param name="position">Where it was looked from.</param>
    public static string NoEvent(string where, long position) => position < 0 ? "No event" : $"No event {where} event {position}";

    private static long Count(string command, string text) => text.Length == 0 ? 1 : OptionText.Number(command, text, 1);

    private static long AddUp(long position, long count) => count > long.MaxValue - Math.Max(position, 0) ? long.MaxValue : position + count;
}
