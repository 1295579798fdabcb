using System.Globalization;
using System.IO.Compression;
using Sim.Host.Traces;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.Traces;

/// <summary>A folder of its own for one test, the golden captures, and ways to read a trace whole.</summary>
public sealed class TraceFolder : IDisposable
{
    public TraceFolder() => Directory.CreateDirectory(Root);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), "sim-traces-" + Path.GetRandomFileName());

    public static string Golden(string name) =>
        Path.Combine(OutsideTools.RepositoryRoot, "tests", "Host.Tests", "Traces", "golden", name);

    public static string Repository(string name) => Path.Combine(OutsideTools.RepositoryRoot, name);

    /// <summary>The lackey text of the golden capture.</summary>
    public static byte[] GoldenText()
    {
        using GZipStream gzip = new(File.OpenRead(Golden("mappings.lackey.gz")), CompressionMode.Decompress);
        using MemoryStream text = new();
        gzip.CopyTo(text);
        return text.ToArray();
    }

    public string InFolder(string name) => Path.Combine(Root, name);

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(InFolder(name), bytes);
        return InFolder(name);
    }

    public string WriteLines(string name, params string[] lines)
    {
        File.WriteAllText(InFolder(name), string.Concat(lines.Select(l => l + "\n")));
        return InFolder(name);
    }

    /// <summary>Imports lackey text and returns the trace's text form.</summary>
    public List<string> ImportLackey(string input)
    {
        LackeyImporter.Import(input, new ImportOptions { Quality = 1 }, InFolder("out.simtrace"));
        return Dump(InFolder("out.simtrace"));
    }

    public static List<string> Dump(string trace)
    {
        using TraceReader reader = TraceReader.Open(trace);
        using MemoryStream text = new();
        TraceTextDump.Write(reader, text);
        text.Position = 0;
        using StreamReader lines = new(text);
        List<string> all = [];
        while (lines.ReadLine() is { } line)
        {
            all.Add(line);
        }

        return all;
    }

    public static ulong Hex(string digits) => ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
