using System.Globalization;
using System.Text.Json.Nodes;
using Sim.Engine.Time;

namespace Sim.Host.Comparison;

/// <summary>The difference of two runs for people and for programs.</summary>
internal static class DifferenceForms
{
    private const int MostValueWidth = 60;

    /// <summary>Prints it as text.</summary>
    public static void Print(RunDifference difference, TextWriter output)
    {
        output.WriteLine(Sentence(difference));
        foreach (string note in difference.Notes)
        {
            output.WriteLine($"note: {note}");
        }
        if (!difference.AreEqual)
        {
            output.WriteLine();
            foreach (ShownEvent e in difference.Common)
            {
                output.WriteLine($"  {e.Text}");
            }
            PrintSide(output, '<', difference.LeftPath, difference.Left);
            PrintSide(output, '>', difference.RightPath, difference.Right);
        }
        PrintConfiguration(difference, output);
    }

    /// <summary>The JSON object; <c>equal</c> and <c>firstDifference</c> are a contract.</summary>
    public static JsonObject Json(RunDifference difference) => new()
    {
        ["equal"] = difference.AreEqual,
        ["firstDifference"] = difference.Sequence is not { } sequence ? null : new JsonObject
        {
            ["sequence"] = sequence,
            ["left"] = difference.Left.Count > 0 ? difference.Left[0].Json.DeepClone() : null,
            ["right"] = difference.Right.Count > 0 ? difference.Right[0].Json.DeepClone() : null,
        },
        ["commonEvents"] = difference.CommonEvents,
        ["common"] = Events(difference.Common),
        ["leftCauses"] = Events(difference.Left.Skip(1)),
        ["rightCauses"] = Events(difference.Right.Skip(1)),
        ["configuration"] = new JsonArray([.. difference.Configuration.Select(s => (JsonNode)new JsonObject
        {
            ["path"] = s.Path,
            ["left"] = s.Left is null ? null : JsonNode.Parse(s.Left),
            ["right"] = s.Right is null ? null : JsonNode.Parse(s.Right),
        })]),
        ["comparedBy"] = difference.OverSharedKinds ? "sharedKinds" : "chain",
        ["notes"] = new JsonArray([.. difference.Notes.Select(n => (JsonNode)n)]),
    };

    private static JsonArray Events(IEnumerable<ShownEvent> events) => new([.. events.Select(e => e.Json.DeepClone())]);

    private static string Sentence(RunDifference d)
    {
        string common = Count(d.CommonEvents, d.OverSharedKinds ? "event that both can have" : "event");
        return (d.Left.Count, d.Right.Count) switch
        {
            (0, 0) => $"the runs are equal: {common}",
            (0, _) => $"{d.LeftPath} is the beginning of {d.RightPath}: it ends after {common}, and {d.RightPath} goes on",
            (_, 0) => $"{d.RightPath} is the beginning of {d.LeftPath}: it ends after {common}, and {d.LeftPath} goes on",
            _ => string.Create(CultureInfo.InvariantCulture, $"the runs part at event {d.Left[0].Sequence}, at {new SimTime(d.Left[0].TimePs)}, after {common} in common (< {d.LeftPath}, > {d.RightPath})"),
        };
    }

    private static string Count(long events, string what)
    {
        string noun = events == 1 ? what : what.Replace("event", "events", StringComparison.Ordinal);
        return string.Create(CultureInfo.InvariantCulture, $"{events} {noun}");
    }

    private static void PrintSide(TextWriter output, char mark, string path, IReadOnlyList<ShownEvent> chain)
    {
        output.WriteLine(chain.Count > 0 ? $"{mark} {chain[0].Text}" : $"{mark} {path} ends here");
        foreach (ShownEvent cause in chain.Skip(1))
        {
            output.WriteLine($"      because of {cause.Text}");
        }
    }

    private static void PrintConfiguration(RunDifference difference, TextWriter output)
    {
        if (difference.Configuration.Count == 0)
        {
            output.WriteLine("\nthe settings are the same");
            return;
        }
        int path = difference.Configuration.Max(s => s.Path.Length);
        int left = Math.Min(MostValueWidth, difference.Configuration.Max(s => Value(s.Left).Length));
        output.WriteLine($"\nsettings that differ (< {difference.LeftPath}, > {difference.RightPath}):");
        foreach (SettingDifference setting in difference.Configuration)
        {
            output.WriteLine($"  {setting.Path.PadRight(path)}  {Value(setting.Left).PadRight(left)}  {Value(setting.Right)}");
        }
    }

    private static string Value(string? json) => json ?? "(none)";
}
