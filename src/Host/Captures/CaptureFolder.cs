using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Host.Experiments;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>
/// A folder with the recording of a real kernel's page allocator: <c>trace.txt</c> (ftrace's text), <c>states.txt</c> (the
/// lists at checkpoints), <c>checkpoints.txt</c> (<c>/proc</c> files at checkpoints) and <c>meta.txt</c>, each plain or with
/// <c>.gz</c>. docs/captures.md describes the files.
/// </summary>
internal sealed partial class CaptureFolder
{
    private CaptureFolder(string path, string kernel, long memoryBytes, int cpus, KernelProfile profile)
    {
        Path = path;
        Kernel = kernel;
        MemoryBytes = memoryBytes;
        Cpus = cpus;
        Profile = profile;
    }

    /// <summary>The folder, as given.</summary>
    public string Path { get; }

    /// <summary>The folder's own name.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    /// <summary>Release of the kernel, such as 6.1.0-56-amd64.</summary>
    public string Kernel { get; }

    /// <summary>Memory of the machine.</summary>
    public long MemoryBytes { get; }

    /// <summary>CPUs of the machine.</summary>
    public int Cpus { get; }

    /// <summary>The profile that has the kernel's zones.</summary>
    public KernelProfile Profile { get; }

    /// <summary>ftrace's text.</summary>
    public string TracePath => File("trace.txt");

    /// <summary>The lists at checkpoints.</summary>
    public string StatesPath => File("states.txt");

    /// <summary>The files of <c>/proc</c> at checkpoints.</summary>
    public string CheckpointsPath => File("checkpoints.txt");

    /// <summary>Opens a folder and reads what machine it is of.</summary>
    /// <exception cref="TraceFormatException">A file is missing, or <c>meta.txt</c> does not tell the machine.</exception>
    public static CaptureFolder Open(string path)
    {
        if (!Directory.Exists(path))
        {
            throw TraceFormatException.AtLine(path, 0, "there is no such folder", "Name the folder of a capture: trace.txt.gz, states.txt.gz, checkpoints.txt.gz, meta.txt");
        }
        string meta = FileIn(path, "meta.txt");
        string? kernel = null;
        long memory = 0;
        int cpus = 1;
        using (var lines = new TextLines(meta))
        {
            while (lines.TryRead(out ReadOnlySpan<byte> bytes))
            {
                string line = System.Text.Encoding.UTF8.GetString(bytes);
                if (KernelLine().Match(line) is { Success: true } version)
                {
                    kernel = version.Groups[1].Value;
                }
                else if (MemoryLine().Match(line) is { Success: true } size)
                {
                    memory = long.Parse(size.Groups[1].ValueSpan, CultureInfo.InvariantCulture) << 20;
                }
                if (CpusText().Match(line) is { Success: true } processors)
                {
                    cpus = int.Parse(processors.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                }
            }
        }
        if (kernel is null || memory == 0 || cpus is < 1 or > 64)
        {
            throw TraceFormatException.AtLine(meta, 0, "the kernel (\"kernel Linux version …\"), the memory (\"memory N MB\") or the CPUs (\"#P:N\") are not told",
                "The file must be as the capture left it");
        }
        KernelProfile profile = kernel.EndsWith("-686-pae", StringComparison.Ordinal) ? KernelProfile.I386Pae
            : kernel.EndsWith("-686", StringComparison.Ordinal) ? KernelProfile.I386
            : KernelProfile.X86_64;
        return new CaptureFolder(path, kernel, memory, cpus, profile);
    }

    private string File(string name) => FileIn(Path, name);

    private static string FileIn(string folder, string name)
    {
        foreach (string candidate in (string[])[name + ".gz", name])
        {
            string path = System.IO.Path.Combine(folder, candidate);
            if (System.IO.File.Exists(path))
            {
                return path;
            }
        }
        throw TraceFormatException.AtLine(System.IO.Path.Combine(folder, name), 0, "the file is missing, with .gz and without", "A capture has trace.txt, states.txt, checkpoints.txt and meta.txt");
    }

    [GeneratedRegex(@"^kernel\s+Linux version (\S{1,200})", RegexOptions.CultureInvariant)]
    private static partial Regex KernelLine();

    [GeneratedRegex(@"^memory\s+(\d{1,9}) MB", RegexOptions.CultureInvariant)]
    private static partial Regex MemoryLine();

    [GeneratedRegex(@"#P:(\d{1,4})\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex CpusText();
}
