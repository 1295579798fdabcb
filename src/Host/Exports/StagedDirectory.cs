using Sim.Host.Runs;

namespace Sim.Host.Exports;

/// <summary>
/// A directory of files that belong together: written under another name beside its place and renamed when all of
/// them are there. Given up, it leaves nothing, and an older directory in its place stays as it was.
/// </summary>
internal sealed class StagedDirectory : IDisposable
{
    private readonly string _target;
    private bool _finished;

    /// <param name="target">The directory's place.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory above is not writable.</exception>
    public StagedDirectory(string target)
    {
        _target = System.IO.Path.GetFullPath(target).TrimEnd(System.IO.Path.DirectorySeparatorChar);
        Path = _target + ".inprogress";
        DeleteIfThere(Path);
        Directory.CreateDirectory(Path);
    }

    /// <summary>Where to write the files.</summary>
    public string Path { get; }

    /// <summary>Puts the directory in its place.</summary>
    public void Finish()
    {
        string old = _target + ".old";
        DeleteIfThere(old);
        if (Directory.Exists(_target))
        {
            Directory.Move(_target, old);
        }
        Directory.Move(Path, _target);
        _finished = true;
        DurableFile.FlushDirectory(System.IO.Path.GetDirectoryName(_target)!);
        DeleteIfThere(old);
    }

    public void Dispose()
    {
        if (_finished)
        {
            return;
        }
        try
        {
            DeleteIfThere(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error under way is the one to report.
        }
    }

    private static void DeleteIfThere(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
