using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Sim.Host.Traces;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls;

/// <summary>
/// Reads recordings of address-space calls: JSON lines, one sequence each, gzipped or plain. Lines that begin with # and lines of
/// other recordings (with a member exec or malloc) are passed over.
/// </summary>
internal static class CallRecordingReader
{
    private const string Remedy = "Give a recording of vmaseq form, as docs/parity-calls.md describes it";
    private const int MostAreas = 100_000;

    private static readonly Dictionary<string, int> _arguments = new(StringComparer.Ordinal)
    {
        ["mmap"] = 6,
        ["mmap2"] = 6,
        ["munmap"] = 2,
        ["mprotect"] = 3,
        ["mremap"] = 5,
        ["madvise"] = 3,
        ["mlock"] = 2,
        ["mlock2"] = 3,
        ["munlock"] = 2,
        ["brk"] = 1,
        ["touch"] = 3,
        ["fork"] = 0,
    };

    /// <summary>The sequences of a file, read one at a time.</summary>
    /// <exception cref="TraceFormatException">The file cannot be read, or a line is not a sequence.</exception>
    public static IEnumerable<RecordedSequence> Read(string path)
    {
        using StreamReader lines = Open(path);
        bool any = false;
        for (long number = 1; NextLine(lines, path, number) is { } line; number++)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            if (Parse(path, number, line) is { } sequence)
            {
                any = true;
                yield return sequence;
            }
        }
        if (!any)
        {
            throw TraceFormatException.AtLine(path, 0, "there is no sequence of calls in it", Remedy);
        }
    }

    private static StreamReader Open(string path)
    {
        try
        {
            Stream file = new FileStream(path, FileMode.Open, FileAccess.Read);
            int first = file.ReadByte(), second = file.ReadByte();
            file.Position = 0;
            return new StreamReader(first == 0x1f && second == 0x8b ? new GZipStream(file, CompressionMode.Decompress) : file, Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TraceFormatException.AtLine(path, 0, $"it cannot be opened ({e.Message})", "Name a file that can be read", e);
        }
    }

    private static string? NextLine(StreamReader lines, string path, long number)
    {
        try
        {
            return lines.ReadLine();
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw TraceFormatException.AtLine(path, number, $"the compressed data is damaged ({e.Message})", "Copy the recording again", e);
        }
    }

    private static RecordedSequence? Parse(string path, long number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            bool other = root.ValueKind == JsonValueKind.Object && (root.TryGetProperty("exec", out _) || root.TryGetProperty("malloc", out _));
            return other ? null : Sequence(root, number);
        }
        catch (JsonException e)
        {
            throw TraceFormatException.AtLine(path, number, $"it is not a sequence of calls: no JSON from byte {e.BytePositionInLine} of the line on", Remedy, e);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException
            or OverflowException or IndexOutOfRangeException or ArgumentException)
        {
            throw TraceFormatException.AtLine(path, number, $"it is not a sequence of calls ({e.Message})", Remedy, e);
        }
    }

    private static RecordedSequence Sequence(JsonElement root, long line)
    {
        JsonElement limits = root.GetProperty("rlimits"), init = root.GetProperty("init");
        string arch = Text(root.GetProperty("arch"));
        Require(arch is "amd64" or "686-pae", $"the architecture {arch} is unknown");
        long ram = root.GetProperty("totalram_pages").GetInt64();
        Require(ram > 0, "totalram_pages is not positive");
        return new RecordedSequence(
            root.GetProperty("seq").GetInt32(), line, Kernel(root, arch), root.GetProperty("task_size").GetUInt64(), ram,
            root.GetProperty("brk0").GetUInt64(), Limit(limits, "memlock"), Limit(limits, "as"), Limit(limits, "data"), Limit(limits, "stack"),
            Areas(root.GetProperty("fixed_areas")), State(init), [.. root.GetProperty("steps").EnumerateArray().Select(Step)]);
    }

    private static RecordedKernel Kernel(JsonElement root, string arch)
    {
        string release = Text(root.GetProperty("kernel"));
        Require(KernelRelease.TryParse(release, out KernelVersion version), $"the kernel {release} has no version from 6.1 on");
        var kernel = new RecordedKernel(arch == "amd64", version);
        return kernel with
        {
            MmapMinAddress = root.TryGetProperty("mmap_min_addr", out JsonElement lowest) ? lowest.GetInt64() : kernel.MmapMinAddress,
            LowestPlacedAddress = root.TryGetProperty("lowest_hint", out JsonElement hint) ? hint.GetInt64() : kernel.LowestPlacedAddress,
            MaxMapCount = root.TryGetProperty("max_map_count", out JsonElement most) ? most.GetInt32() : kernel.MaxMapCount,
            LegacyLayout = root.TryGetProperty("legacy_va_layout", out JsonElement legacy) && legacy.GetBoolean(),
        };
    }

    private static long Limit(JsonElement limits, string name)
    {
        JsonElement limit = limits.GetProperty(name);
        return limit.ValueKind == JsonValueKind.Null ? -1 : limit.GetInt64();
    }

    private static RecordedStep Step(JsonElement step)
    {
        string call = Text(step.GetProperty("call"));
        Require(_arguments.TryGetValue(call, out int count), $"the call {call} is unknown");
        ulong[] args = [.. step.GetProperty("args").EnumerateArray().Select(Number)];
        Require(args.Length == count, $"{call} has {args.Length} arguments instead of {count}");
        Require(call != "touch" || args[1] <= 1 << 16, "a touch of more than 65536 pages");
        string result = step.TryGetProperty("err", out JsonElement error) ? Text(error) : Hex(step.GetProperty("ret").GetUInt64());
        return new RecordedStep(
            step.GetProperty("i").GetInt32(), call, args, result, Touches(step, "touches"),
            call == "fork" && step.TryGetProperty("child", out JsonElement child) ? Fork(step, child) : null, State(step),
            step.GetProperty("minflt").GetInt64(), step.GetProperty("majflt").GetInt64());
    }

    private static RecordedFork Fork(JsonElement step, JsonElement child) => new(
        State(child.GetProperty("start")), Touches(child, "touches"), State(child), child.GetProperty("minflt").GetInt64(),
        child.GetProperty("majflt").GetInt64(), Touches(step, "parent_touches"), State(step.GetProperty("parent_live")));

    private static RecordedState State(JsonElement state)
    {
        JsonElement rss = state.GetProperty("rss");
        return new RecordedState(
            Areas(state.GetProperty("areas")), rss.GetProperty("anon").GetInt64(), rss.GetProperty("file").GetInt64(),
            rss.GetProperty("shmem").GetInt64(), state.GetProperty("vmpte").GetInt64(), state.GetProperty("vmlck").GetInt64(),
            state.GetProperty("vmdata").GetInt64());
    }

    private static IReadOnlyList<RecordedArea> Areas(JsonElement areas)
    {
        Require(areas.GetArrayLength() <= MostAreas, $"more than {MostAreas} areas");
        return [.. areas.EnumerateArray().Select(a => new RecordedArea(
            a[0].GetUInt64(), a[1].GetUInt64(), Text(a[2]), a[3].GetUInt64(), Text(a[4]), Text(a[5]).Replace("lf", "??", StringComparison.Ordinal), Text(a[6])))];
    }

    private static IReadOnlyList<RecordedTouch> Touches(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out JsonElement touches)
            ? [.. touches.EnumerateArray().Select(t => new RecordedTouch(t[0].GetUInt64(), t[1].GetInt32() != 0, Text(t[2])))]
            : [];

    // -1 is no file; everything else is unsigned.
    private static ulong Number(JsonElement number) => number.TryGetUInt64(out ulong value) ? value : unchecked((ulong)number.GetInt64());

    private static string Text(JsonElement text) => text.GetString() ?? throw new FormatException("a text is null");

    internal static string Hex(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new FormatException(problem);
        }
    }
}
