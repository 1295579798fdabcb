using System.Text;
using System.Text.Json;

namespace Sim.Host.Runs;

/// <summary><c>stats.json</c>: what a run came to, in simulated terms only, so that equal runs have equal files.</summary>
public static class RunStatistics
{
    /// <summary>The text of the file.</summary>
    /// <param name="rawBytes">Bytes of events before compression.</param>
    /// <param name="logBytes">Bytes of the log on disk.</param>
    public static string ToJson(RunSample sample, RunOutcome outcome, long rawBytes, long logBytes)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("stopReason", outcome.StopReason);
            json.WriteNumber("simulatedPs", sample.SimulatedPs);
            json.WriteNumber("events", sample.Events);
            json.WriteNumber("rawLogBytes", rawBytes);
            json.WriteNumber("logBytes", logBytes);
            json.WriteNumber("freePages", sample.FreePages);
            json.WriteNumber("totalPages", sample.TotalPages);
            json.WriteStartArray("zones");
            foreach (ZoneOutcome zone in outcome.Zones)
            {
                json.WriteStartObject();
                json.WriteString("zone", zone.Name);
                WriteNumbers(json, "freeBlocks", zone.FreeBlocks);
                WriteNumbers(json, "extfragIndex", zone.ExtfragIndex.Select(i => (long)i));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject("counters");
            foreach ((string name, long count) in outcome.Counters)
            {
                json.WriteNumber(name, count);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }
        json.WriteEndArray();
    }
}
