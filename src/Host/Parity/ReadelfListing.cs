using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Host.Traces;
using Sim.Kernel.Exec;

namespace Sim.Host.Parity;

/// <summary>
/// A program's headers as <c>readelf -hlW</c> prints them, where the file itself is not to be had. Everything that the kernel
/// looks at is in them.
/// </summary>
internal static partial class ReadelfListing
{
    private const string Remedy = "Give the output of readelf -hlW for an i386 or x86-64 program";
    private const int MaxSegments = 2_048;

    private static readonly Dictionary<string, ElfSegmentType> _types = new(StringComparer.Ordinal)
    {
        ["LOAD"] = ElfSegmentType.Load,
        ["DYNAMIC"] = ElfSegmentType.Dynamic,
        ["INTERP"] = ElfSegmentType.Interpreter,
        ["NOTE"] = ElfSegmentType.Note,
        ["PHDR"] = ElfSegmentType.ProgramHeaders,
        ["TLS"] = ElfSegmentType.Tls,
        ["GNU_EH_FRAME"] = ElfSegmentType.GnuEhFrame,
        ["GNU_STACK"] = ElfSegmentType.GnuStack,
        ["GNU_RELRO"] = ElfSegmentType.GnuRelro,
        ["GNU_PROPERTY"] = ElfSegmentType.GnuProperty,
    };

    /// <summary>Reads a listing.</summary>
    /// <exception cref="TraceFormatException">It is missing, or no such listing; the message names the line.</exception>
    public static ElfImage Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TraceFormatException.AtLine(path, 0, "cannot be read: " + e.Message.TrimEnd('.'), Remedy, e);
        }
        return Parse(lines, path);
    }

    /// <summary>Reads the lines of a listing.</summary>
    /// <exception cref="TraceFormatException">They are no such listing; the message names the line.</exception>
    public static ElfImage Parse(IReadOnlyList<string> lines, string path)
    {
        var header = new Dictionary<string, (int Line, string Value)>(StringComparer.Ordinal);
        var segments = new List<ElfSegment>();
        string? interpreter = null;
        bool inTable = false;
        for (int i = 0; i < lines.Count; i++)
        {
            string line = lines[i];
            if (line.StartsWith("Program Headers:", StringComparison.Ordinal))
            {
                inTable = true;
            }
            else if (!inTable)
            {
                int colon = line.IndexOf(':');
                if (colon > 0)
                {
                    header.TryAdd(line[..colon].Trim(), (i + 1, line[(colon + 1)..].Trim()));
                }
            }
            else if (Requested().Match(line) is { Success: true } requested)
            {
                interpreter ??= requested.Groups[1].Value;
            }
            else if (Row().Match(line) is { Success: true } row)
            {
                segments.Add(SegmentOf(row, path, i + 1));
                if (segments.Count > MaxSegments)
                {
                    throw TraceFormatException.AtLine(path, i + 1, $"more than {MaxSegments} program headers", Remedy);
                }
            }
            else if (line.TrimStart().StartsWith("Section to Segment", StringComparison.Ordinal))
            {
                break;
            }
        }
        return ImageOf(header, segments, interpreter, path);
    }

    private static ElfImage ImageOf(Dictionary<string, (int Line, string Value)> header, List<ElfSegment> segments, string? interpreter, string path)
    {
        (int Line, string Value) Of(string key) =>
            header.TryGetValue(key, out var found) ? found : throw TraceFormatException.AtLine(path, 0, $"no line '{key}:' in the ELF header", Remedy);

        (int classLine, string className) = Of("Class");
        ElfClass elfClass = className switch
        {
            "ELF32" => ElfClass.Elf32,
            "ELF64" => ElfClass.Elf64,
            _ => throw TraceFormatException.AtLine(path, classLine, $"class '{className}' is not ELF32 or ELF64", Remedy),
        };
        (int typeLine, string typeName) = Of("Type");
        ElfType type = typeName.Split(' ')[0] switch
        {
            "EXEC" => ElfType.Executable,
            "DYN" => ElfType.Dynamic,
            _ => throw TraceFormatException.AtLine(path, typeLine, $"type '{typeName}' is no program's: EXEC or DYN", Remedy),
        };
        (int machineLine, string machine) = Of("Machine");
        string expected = elfClass == ElfClass.Elf64 ? "Advanced Micro Devices X86-64" : "Intel 80386";
        if (machine != expected)
        {
            throw TraceFormatException.AtLine(path, machineLine, $"machine '{machine}' where {className} programs have '{expected}'", Remedy);
        }
        (int countLine, string count) = Of("Number of program headers");
        if (Number(count, path, countLine) != (ulong)segments.Count)
        {
            throw TraceFormatException.AtLine(path, countLine, $"{count} program headers announced and {segments.Count} listed", Remedy);
        }
        (int entryLine, string entry) = Of("Entry point address");
        (int offsetLine, string offset) = Of("Start of program headers");
        return new ElfImage(
            elfClass, type, elfClass == ElfClass.Elf64 ? ElfMachine.X86_64 : ElfMachine.I386, Number(entry, path, entryLine),
            Number(offset.Split(' ')[0], path, offsetLine), segments, interpreter);
    }

    private static ElfSegment SegmentOf(Match row, string path, int line)
    {
        ulong Of(string name) => Number(row.Groups[name].Value, path, line);
        string type = row.Groups["type"].Value, flags = row.Groups["flags"].Value;
        ElfSegmentType known = _types.TryGetValue(type, out ElfSegmentType named) ? named
            : type.StartsWith("0x", StringComparison.Ordinal) ? (ElfSegmentType)(uint)Number(type, path, line) : 0;
        return new ElfSegment(
            known,
            (flags.Contains('R') ? ElfSegmentFlags.Read : 0) | (flags.Contains('W') ? ElfSegmentFlags.Write : 0) | (flags.Contains('E') ? ElfSegmentFlags.Exec : 0),
            Of("offset"), Of("virtual"), Of("file"), Of("memory"), Of("align"));
    }

    private static ulong Number(string text, string path, int line)
    {
        bool hex = text.StartsWith("0x", StringComparison.Ordinal);
        return ulong.TryParse(hex ? text[2..] : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw TraceFormatException.AtLine(path, line, $"'{text}' is no number of 64 bits", Remedy);
    }

    [GeneratedRegex(@"^\s+(?<type>[A-Z_]+|LOOS\+\S+|LOPROC\+\S+|<unknown>:\s*\S+|0x[0-9a-f]+)\s+(?<offset>0x[0-9a-f]+)\s+(?<virtual>0x[0-9a-f]+)\s+0x[0-9a-f]+\s+(?<file>0x[0-9a-f]+)\s+(?<memory>0x[0-9a-f]+)\s+(?<flags>[RWE ]{3})\s+(?<align>0x[0-9a-f]+|0)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Row();

    [GeneratedRegex(@"\[Requesting program interpreter: ([^\]]+)\]", RegexOptions.CultureInvariant)]
    private static partial Regex Requested();
}
