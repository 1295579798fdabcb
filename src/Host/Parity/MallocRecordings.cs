using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sim.Host.Traces;

namespace Sim.Host.Parity;

/// <summary>
/// Reads recordings of programs that use malloc: JSON lines, gzip-compressed or not, in either of two forms. One has absolute addresses and the
/// areas at the beginning and end (<c>malloc</c>, recorded inside a Linux 6.1); the other strace's words and addresses relative to the
/// first break and mapping (<c>program</c>).
/// </summary>
internal static partial class MallocRecordings
{
    private const string Remedy = "Give a recording of malloc programs as docs/malloc.md describes it";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <summary>Reads a file.</summary>
    /// <exception cref="TraceFormatException">It is not such a recording.</exception>
    public static List<MallocRecording> Read(string path)
    {
        List<MallocRecording> recordings = [];
        using var lines = new TextLines(path);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            try
            {
                using JsonDocument json = JsonDocument.Parse(line.ToArray(), Options);
                recordings.Add(json.RootElement.TryGetProperty("malloc", out _) ? Absolute(json.RootElement) : Relative(json.RootElement));
            }
            catch (JsonException e)
            {
                throw Refused("is no JSON", e);
            }
            catch (Exception e) when (e is KeyNotFoundException or IndexOutOfRangeException or InvalidOperationException or FormatException or OverflowException)
            {
                throw Refused($"is no recording ({e.Message.TrimEnd('.').ReplaceLineEndings(" ")})", e);
            }
        }
        return recordings.Count > 0 ? recordings : throw TraceFormatException.AtLine(path, 0, "the file has no recording", Remedy);

        TraceFormatException Refused(string what, Exception e) => TraceFormatException.AtLine(path, lines.LineNumber, "the line " + what, Remedy, e);
    }

    private static MallocRecording Absolute(JsonElement line) => new(
        Text(line, "malloc"), IsStatic(line), Text(line, "arch") == "amd64" ? 64 : 32, line.GetProperty("seed").GetInt32(),
        line.GetProperty("brk_at_main").GetUInt64(), Areas(line.GetProperty("at_main")), Areas(line.GetProperty("at_end")),
        [.. line.GetProperty("calls").EnumerateArray().Select(c => Call(c[0].GetString()!, c[1].EnumerateArray().Select(Number), c[2]))]);

    private static MallocRecording Relative(JsonElement line) => new(
        Path.GetFileNameWithoutExtension(Text(line, "program")), IsStatic(line), line.GetProperty("bits").GetInt32(), line.GetProperty("seed").GetInt32(),
        null, [], [],
        [.. line.GetProperty("calls").EnumerateArray().Select(c => Call(Text(c, "call"), c.GetProperty("args").EnumerateArray().Select(Number), c.GetProperty("ret")))]);

    private static RecordedCall Call(string name, IEnumerable<RecordedNumber> arguments, JsonElement result) =>
        new(name == "mmap2" ? "mmap" : name, [.. arguments], result.ValueKind == JsonValueKind.String && result.GetString()!.StartsWith('E') ? null : Number(result));

    private static (ulong, ulong)[] Areas(JsonElement state)
    {
        var ranges = new AddressRanges(0);
        foreach (JsonElement area in state.GetProperty("areas").EnumerateArray())
        {
            ranges.Add(area[0].GetUInt64(), area[1].GetUInt64());
        }
        return [.. ranges.All];
    }

    private static bool IsStatic(JsonElement line) => Text(line, "link") switch
    {
        "static" => true,
        "dynamic" => false,
        string other => throw new FormatException($"link is {other}"),
    };

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static RecordedNumber Number(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? Plain(value.TryGetUInt64(out ulong number) ? number : unchecked((ulong)value.GetInt64()))
        : Symbol(value.GetString() ?? throw new FormatException("null is no argument"));

    private static RecordedNumber Symbol(string text) => text switch
    {
        "NULL" => Plain(0),
        "PROT_READ|PROT_WRITE" => Plain(MemoryCall.ReadWrite),
        "MAP_PRIVATE|MAP_ANONYMOUS" => Plain(MemoryCall.PrivateAnonymous),
        "MREMAP_MAYMOVE" => Plain(MemoryCall.MayMove),
        _ => RelativeAddress().Match(text) is { Success: true } match
            ? new RecordedNumber(match.Groups[1].Value == "heap" ? AddressBase.Break : AddressBase.FirstMapping,
                unchecked((ulong)long.Parse(match.Groups[2].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)))
            : throw new FormatException($"{text[..Math.Min(text.Length, 40)]} is no argument"),
    };

    private static RecordedNumber Plain(ulong value) => new(AddressBase.Absolute, value);

    [GeneratedRegex("^(heap|map)([+-][0-9]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex RelativeAddress();
}
