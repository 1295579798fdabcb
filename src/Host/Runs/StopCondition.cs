using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>The settings <c>stop.*</c> as a manifest has them. Null for a condition that was not set.</summary>
/// <param name="Time">Simulated time with its unit, as <c>config.effective.json</c> has it.</param>
/// <param name="Events">Number of logged events.</param>
/// <param name="WhenOrderFails">Order of the allocation.</param>
public sealed record StopCondition(string? Time, long? Events, int? WhenOrderFails)
{
    /// <summary>That of an experiment.</summary>
    public static StopCondition Of(StopSettings settings) =>
        new(settings.Time is { } time ? ConfigWriter.TimeText(time) : null, settings.Events, settings.WhenOrderFails);

    /// <summary>As <c>--set</c> takes it: <c>stop.events=5000</c>.</summary>
    public override string ToString()
    {
        string[] set =
        [
            .. Time is null ? (string[])[] : [$"stop.time={Time}"],
            .. Events is null ? (string[])[] : [$"stop.events={Events}"],
            .. WhenOrderFails is null ? (string[])[] : [$"stop.whenOrderFails={WhenOrderFails}"],
        ];
        return set.Length == 0 ? "no stop condition" : string.Join(" ", set);
    }
}
