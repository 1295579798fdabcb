using System.Text.Json;

namespace Sim.Host.Comparison;

/// <summary>An effective configuration as one value per path, the paths that <c>--set</c> takes. A list of plain values is one value.</summary>
public static class SettingPaths
{
    private const long MostBytes = 16 << 20;

    /// <summary>Reads a configuration file of any build.</summary>
    /// <exception cref="CommandException">It is missing or no JSON (exit code 3).</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MostBytes)
            {
                throw new JsonException($"more than {MostBytes >> 20} MiB.");
            }
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Of(document.RootElement);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            throw new CommandException(ExitCode.Configuration,
                $"{path} is missing or damaged: {e.Message} Restore it from a copy; \"sim config show\" of the experiment writes the same.", e);
        }
    }

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
                values[path] = element.GetRawText();
                break;
        }
    }
}
