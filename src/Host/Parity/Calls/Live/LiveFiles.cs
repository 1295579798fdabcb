using Microsoft.Win32.SafeHandles;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>
/// The files that traced processes map: the program, A of 16 pages and B of 5 pages and 100 bytes, all in the page cache and written out.
/// They lie in a folder of their own, which goes with them.
/// </summary>
internal sealed class LiveFiles : IDisposable
{
    private const int PagesOfA = 16, PagesOfB = 5, BytesMoreOfB = 100, FirstDescriptor = 100;

    private readonly string _folder;
    private readonly SafeFileHandle[] _open;
    private readonly int[] _descriptors = new int[3];

    /// <param name="parent">Where the folder is made.</param>
    /// <exception cref="LiveKernelException">No files can be had there, or its file system places mappings otherwise.</exception>
    public LiveFiles(string parent)
    {
        string full = Path.GetFullPath(parent);
        string format = new DriveInfo(full).DriveFormat;
        if (format is not ("ext4" or "ext3"))
        {
            throw new LiveKernelException($"{parent} is on {format}; name a folder on ext4 with --dir, as the files of recordings are.");
        }
        _folder = Directory.CreateTempSubdirectory("sim-live-").FullName;
        Directory.Delete(_folder);
        _folder = Path.Combine(full, Path.GetFileName(_folder));
        Directory.CreateDirectory(_folder);
        ProgramPath = Path.Combine(_folder, "target");
        string a = Path.Combine(_folder, "A"), b = Path.Combine(_folder, "B");
        Write(ProgramPath, TracedProgram.Build());
        Write(a, Filled((PagesOfA * 4096)));
        Write(b, Filled((PagesOfB * 4096) + BytesMoreOfB));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(ProgramPath, (UnixFileMode)0b111_101_101);
        }
        Names = new(StringComparer.Ordinal) { [ProgramPath] = StateReading.Program, [a] = "A", [b] = "B" };
        _open =
        [
            File.OpenHandle(a, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite),
            File.OpenHandle(b, FileMode.Open, FileAccess.Read, FileShare.ReadWrite),
            File.OpenHandle(a, FileMode.Open, FileAccess.Write, FileShare.ReadWrite),
        ];
        for (int i = 0; i < _open.Length; i++)
        {
            _descriptors[i] = Libc.Fcntl((int)_open[i].DangerousGetHandle(), Libc.DuplicateFrom, FirstDescriptor);
        }
    }

    /// <summary>The program.</summary>
    public string ProgramPath { get; }

    /// <summary>What a recording calls the files, by path.</summary>
    public Dictionary<string, string> Names { get; }

    /// <summary>What a process gets as its descriptors 3, 4 and 5: A, B to be read, A to be written.</summary>
    public ReadOnlySpan<int> Descriptors => _descriptors;

    /// <summary>Writes out what was written through mappings: pages of a process to come are written to for the first time.</summary>
    public void WriteOut() => RandomAccess.FlushToDisk(_open[0]);

    /// <summary>Brings all pages into the page cache.</summary>
    public void ReadAll()
    {
        foreach (string path in Names.Keys)
        {
            _ = File.ReadAllBytes(path);
        }
    }

    public void Dispose()
    {
        foreach (int descriptor in _descriptors)
        {
            Libc.Close(descriptor);
        }
        foreach (SafeFileHandle file in _open)
        {
            file.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    private static byte[] Filled(int bytes)
    {
        var content = new byte[bytes];
        content.AsSpan().Fill((byte)'p');
        return content;
    }

    /// <summary>Page by page, so that the page cache holds single pages.</summary>
    private static void Write(string path, byte[] content)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        for (int at = 0; at < content.Length; at += 4096)
        {
            RandomAccess.Write(file, content.AsSpan(at, Math.Min(4096, content.Length - at)), at);
        }
        RandomAccess.FlushToDisk(file);
    }
}
