using System.IO.Compression;
using System.Text.Json;
using Sim.Host.Traces;

namespace Sim.Host.Parity;

/// <summary>One recorded layout: a program just before its first instruction.</summary>
/// <param name="Line">Line of the file, from 1.</param>
/// <param name="Program">Name of its file below <c>/mnt</c>.</param>
/// <param name="Arch">amd64, 686-pae, or amd64-i386 for a 32-bit program on the kernel amd64.</param>
/// <param name="Case">Which arguments and limits.</param>
/// <param name="StackLimitBytes">RLIMIT_STACK; -1 for none.</param>
/// <param name="ArgumentBytes">Lengths of the arguments.</param>
/// <param name="EnvironmentBytes">Lengths of the environment's strings.</param>
/// <param name="AtExec">The state; null when there was none to see.</param>
/// <param name="Failure">What execve returned instead, or SIG and the number of the signal that ended the program being laid out.</param>
internal sealed record ExecLayoutRecord(
    int Line, string Program, string Arch, int Case, long StackLimitBytes, int[] ArgumentBytes, int[] EnvironmentBytes, ExecState? AtExec,
    string? Failure)
{
    /// <summary>Bits of the program's words.</summary>
    public int Bits => Arch == "amd64" ? 64 : 32;

    /// <summary>Bits of the kernel's.</summary>
    public int KernelBits => Arch == "686-pae" ? 32 : 64;
}

/// <summary>What was recorded of a program before its first instruction, or is found of one here.</summary>
internal sealed record ExecState(IReadOnlyList<(string Name, ulong Value)> Numbers, IReadOnlyList<(ulong Type, ulong Value)> Auxv, IReadOnlyList<AreaPicture> Areas)
{
    /// <summary>The numbers compared, by their names in the recording: registers, stack, sizes in pages, faults.</summary>
    public static readonly string[] Names =
        ["ip", "sp", "stack_end", "argc", "envc", "argv0", "argv_last", "env0", "env_last", "auxv_addr", "rss.anon", "rss.file", "rss.shmem", "vmpte", "vmlck", "vmdata", "minflt", "majflt"];
}

/// <summary>Reads recordings of execve: one JSON object a line, plain or gzip.</summary>
internal static class ExecRecording
{
    private const string Remedy = "Give a recording with one execve layout a line, as exec.jsonl.gz";
    private const int MaxStrings = 100_000;

    /// <summary>Reads a file.</summary>
    /// <exception cref="TraceFormatException">It cannot be read, or is no such recording; the message names the line.</exception>
    public static List<ExecLayoutRecord> Read(string path)
    {
        var layouts = new List<ExecLayoutRecord>();
        int number = 0;
        try
        {
            using FileStream file = File.OpenRead(path);
            using var text = new StreamReader(IsGzip(file) ? new GZipStream(file, CompressionMode.Decompress) : file);
            while (text.ReadLine() is { } line)
            {
                number++;
                if (line.Length > 0)
                {
                    layouts.Add(Parse(line, path, number));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw TraceFormatException.AtLine(path, number, "cannot be read: " + e.Message.TrimEnd('.'), Remedy, e);
        }
        return layouts.Count > 0 ? layouts : throw TraceFormatException.AtLine(path, 0, "the file is empty", Remedy);
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="TraceFormatException">It is no layout.</exception>
    public static ExecLayoutRecord Parse(string line, string path, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement o = document.RootElement;
            string arch = o.GetProperty("arch").GetString() ?? "";
            if (arch is not "amd64" and not "686-pae" and not "amd64-i386")
            {
                throw TraceFormatException.AtLine(path, number, $"arch is '{arch}'; amd64, 686-pae and amd64-i386 are known", Remedy);
            }
            string program = o.GetProperty("exec").GetString() ?? "";
            if (program.Length is 0 or > 255 || program.Contains('/') || program.Contains('\0'))
            {
                throw TraceFormatException.AtLine(path, number, "exec is no name of a file", Remedy);
            }
            JsonElement limit = o.GetProperty("stack_rlimit");
            string? failure = o.TryGetProperty("err", out JsonElement err) ? err.GetString() : null;
            long stackLimitBytes = limit.ValueKind == JsonValueKind.Null ? -1 : limit.GetInt64();
            if (stackLimitBytes < 0 && limit.ValueKind != JsonValueKind.Null)
            {
                throw TraceFormatException.AtLine(path, number, $"stack_rlimit is {stackLimitBytes}; it is a size, or null for none", Remedy);
            }
            return new ExecLayoutRecord(
                number, program, arch, o.GetProperty("case").GetInt32(),
                stackLimitBytes, Lengths(o, "argv_lens"), Lengths(o, "env_lens"),
                failure is null ? State(o.GetProperty("at_exec")) : null, failure);
        }
        catch (JsonException e)
        {
            throw TraceFormatException.AtLine(path, number, $"no execve layout: no JSON from byte {e.BytePositionInLine} of the line on", Remedy, e);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw TraceFormatException.AtLine(path, number, "no execve layout: " + e.Message.TrimEnd('.'), Remedy, e);
        }
    }

    private static ExecState State(JsonElement state)
    {
        var numbers = new List<(string, ulong)>();
        foreach (string name in ExecState.Names)
        {
            JsonElement value = state;
            foreach (string part in name.Split('.'))
            {
                value = value.GetProperty(part);
            }
            numbers.Add((name, value.GetUInt64()));
        }
        return new ExecState(
            numbers,
            [.. state.GetProperty("auxv").EnumerateArray().Select(p => (p[0].GetUInt64(), p[1].GetUInt64()))],
            [.. state.GetProperty("areas").EnumerateArray().Select(a => new AreaPicture(
                a[0].GetUInt64(), a[1].GetUInt64(), a[2].GetString()!, a[3].GetUInt64(), a[4].GetString()!, a[5].GetString()!, a[6].GetString()!))]);
    }

    private static int[] Lengths(JsonElement o, string name)
    {
        int[] lengths = [.. o.GetProperty(name).EnumerateArray().Select(l => l.GetInt32())];
        return lengths.Length <= MaxStrings && lengths.All(l => l is >= 0 and <= 1 << 24)
            ? lengths
            : throw new FormatException($"{name} has an impossible length");
    }

    private static bool IsGzip(FileStream file)
    {
        bool gzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return gzip;
    }
}
