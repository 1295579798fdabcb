using System.Text.Json;

namespace Sim.Host.Comparison;

/// <summary>An effective configuration as one value per path, the paths that <c>--set</c> takes. A list of plain values is one value.</summary>
public static class SettingPaths
{
    private const long MostBytes = 16 << 20;

    /// <summary>Reads a configuration file of any build.</summary>
    /// <exception cref="CommandException">It is missing or empty (exit code 4), or no JSON (exit code 3).</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            long bytes = new FileInfo(path).Length;
            if (bytes is 0 or > MostBytes)
            {
                throw bytes == 0 ? Lost(path, "empty", null) : new JsonException($"more than {MostBytes >> 20} MiB.");
            }
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Of(document.RootElement);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Lost(path, "missing", e);
        }
        catch (JsonException e)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{path} is damaged: {e.Message.TrimEnd('.')}. Restore it from a copy; \"sim config show\" of the experiment writes the same.", e);
        }
    }

    private static CommandException Lost(string path, string what, Exception? cause) => new(ExitCode.CorruptLog,
        $"{path} is {what}. Restore it from a copy; \"sim config show\" of the experiment writes the same.", cause);

    /// <summary>The values by path, as JSON.</summary>
    public static IReadOnlyDictionary<string, string> Of(JsonElement root)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(values, "", root);
        return values;
    }

    private static void Add(Dictionary<string, string> values, string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    Add(values, path.Length == 0 ? member.Name : $"{path}.{member.Name}", member.Value);
                }
                break;
            case JsonValueKind.Array when element.EnumerateArray().Any(i => i.ValueKind is JsonValueKind.Object or JsonValueKind.Array):
                int i = 0;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Add(values, $"{path}[{i++}]", item);
                }
                break;
            default:
                // A list is one line, however the file has it.
                values[path] = element.ValueKind == JsonValueKind.Array ? JsonSerializer.Serialize(element, HostJson.Line) : element.GetRawText();
                break;
        }
    }
}
