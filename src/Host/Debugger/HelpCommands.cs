using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Engine.Time;

namespace Sim.Host.Debugger;

/// <summary>Commands about the session itself.</summary>
internal static class HelpCommands
{
    public static IReadOnlyList<DebugCommand> All { get; } =
    [
        new("info", "i", "info", "Shows where the session stands, its breakpoints and its watchpoints.", Info),
        new("help", "h", "help [COMMAND]", "Lists the commands, or describes one.", Help),
    ];

    private static Answer Info(DebugContext context, string text)
    {
        DebugCommand.RequireNothing("info", text);
        return new Answer(
            () => string.Join('\n', context.Stops.All.Select(s => string.Create(CultureInfo.InvariantCulture, $"  {s.Number}: {s}")).Prepend(Where(context))),
            () => new JsonObject
            {
                ["run"] = context.Run.Directory.Path,
                ["sequence"] = context.Timeline.Position,
                ["lastSequence"] = context.Timeline.Last,
                ["timePs"] = context.Timeline.TimePs,
                ["stops"] = new JsonArray([.. context.Stops.All.Select(s => (JsonNode)new JsonObject
                {
                    ["number"] = s.Number,
                    [s.Watch is null ? "breakpoint" : "watch"] = s.Watch?.Target ?? s.Condition!.Text,
                })]),
            });
    }

    private static string Where(DebugContext context) => string.Create(CultureInfo.InvariantCulture,
        $"after event {context.Timeline.Position} of {context.Timeline.Last}, at {new SimTime(context.Timeline.TimePs)} of {new SimTime(context.Run.Log.RunningMaxTimePs)}{(context.Stops.All.Count == 0 ? "; no breakpoints, nothing watched" : "")}");

    private static Answer Help(DebugContext context, string name)
    {
        IReadOnlyList<DebugCommand> commands = name.Length == 0 ? DebugCommand.All : [DebugCommand.Find(name)];
        return new Answer(
            () => name.Length == 0
                ? string.Join('\n', commands.Select(c => $"{Usage(c),-48} {c.Summary}").Append($"{"quit (q)",-48} Ends the session."))
                : $"{Usage(commands[0])}\n{commands[0].Summary}{(commands[0].Details.Length > 0 ? $"\n{commands[0].Details}" : "")}",
            () => new JsonObject
            {
                ["commands"] = new JsonArray([.. commands.Select(c => (JsonNode)new JsonObject { ["name"] = c.Name, ["usage"] = c.Usage, ["summary"] = c.Summary })]),
            });
    }

    private static string Usage(DebugCommand command) => command.Alias.Length > 0 ? $"{command.Usage} ({command.Alias})" : command.Usage;
}
