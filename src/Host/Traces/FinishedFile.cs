namespace Sim.Host.Traces;

/// <summary>
/// A file that appears under its name only when it is complete: written beside it, flushed to the disk, then renamed.
/// Disposing without <see cref="Commit"/> removes what was written.
/// </summary>
internal sealed class FinishedFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporaryPath;
    private bool _committed;

    internal FinishedFile(string path)
    {
        _path = Path.GetFullPath(path);
        _temporaryPath = _path + ".partial";
        Stream = new FileStream(_temporaryPath, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1 << 16);
    }

    internal FileStream Stream { get; }

    internal void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporaryPath, _path, overwrite: true);
        _committed = true;
    }

    public void Dispose()
    {
        if (_committed)
        {
            return;
        }

        try
        {
            Stream.Dispose();
        }
        finally
        {
            File.Delete(_temporaryPath);
        }
    }
}
