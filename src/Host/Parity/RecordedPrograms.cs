using System.Globalization;
using Sim.Host.Traces;
using Sim.Kernel.Exec;

namespace Sim.Host.Parity;

/// <summary>
/// The programs of a recording, by the listings in the folder <c>elf</c> beside it: PROGRAM64.txt for <c>/mnt/PROGRAM</c>,
/// ld64.txt for the interpreter, and file-sizes.txt. The same with 32.
/// </summary>
internal sealed class RecordedPrograms(string folder, int bits) : IProgramFiles
{
    private const string Mount = "/mnt/";

    private readonly Dictionary<string, ProgramFile> _opened = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _sizes = ReadSizes(Path.Combine(folder, "file-sizes.txt"));

    /// <summary>Path of a recorded program.</summary>
    public static string PathOf(string program) => Mount + program;

    /// <summary>What the recorder calls an area of a file or of the kernel.</summary>
    public static string IdOf(string name) =>
        name.Length == 0 ? "anon"
        : name[0] == '[' ? name.Trim('[', ']')
        : name.StartsWith(Mount, StringComparison.Ordinal) ? name[Mount.Length..]
        : name;

    /// <inheritdoc/>
    /// <exception cref="TraceFormatException">There is no listing, or it cannot be read.</exception>
    public ProgramFile? Open(string path)
    {
        if (!_opened.TryGetValue(path, out ProgramFile? file))
        {
            file = new ProgramFile(path, ReadelfListing.Read(Path.Combine(folder, ListingOf(path) + ".txt")));
            _opened.Add(path, file);
        }
        return file;
    }

    /// <summary>Pages of a file: by its listed size, else by its segments.</summary>
    public long PagesOf(string path)
    {
        string name = Path.GetFileName(path);
        ElfImage image = Open(path)!.Image;
        ulong mapped = image.Segments.Where(s => s.Type == ElfSegmentType.Load).Select(s => s.Offset + s.FileBytes).DefaultIfEmpty(0UL).Max();
        long bytes = _sizes.TryGetValue(ListingOf(path), out long known) || _sizes.TryGetValue(name, out known) ? known : (long)Math.Min(mapped, 1UL << 30);
        return (bytes + 4095) >> 12;
    }

    private string ListingOf(string path) =>
        (path.StartsWith(Mount, StringComparison.Ordinal) ? path[Mount.Length..] : "ld") + bits.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, long> ReadSizes(string path)
    {
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        if (!File.Exists(path))
        {
            return sizes;
        }
        foreach (string line in File.ReadLines(path))
        {
            int space = line.LastIndexOf(' ');
            if (space > 0 && long.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes <= 1L << 30)
            {
                sizes[line[..space]] = bytes;
            }
        }
        return sizes;
    }
}
