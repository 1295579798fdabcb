namespace Sim.Engine.Log;

/// <summary>The folder a log lives in, as little of it as a log needs. Failures are <see cref="IOException"/>s.</summary>
public interface ILogStorage
{
    /// <summary>Shown in messages.</summary>
    string Path { get; }

    /// <summary>Names of the files, in ordinal order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Creates a file to append to; others may read it meanwhile.</summary>
    /// <exception cref="IOException">It exists, or cannot be created.</exception>
    ILogAppender Create(string name);

    /// <summary>Opens a file to append to behind its first bytes; what follows them is cut off.</summary>
    /// <param name="name">The file.</param>
    /// <param name="length">Bytes that are kept.</param>
    /// <exception cref="IOException">It is not there, is shorter, or cannot be opened.</exception>
    ILogAppender OpenAppend(string name, long length);

    /// <summary>Whose log a segment is of: the folder's own is 0; a branch's past is that of its parent, 1, and so on.</summary>
    int RunOf(string name) => 0;

    /// <summary>Opens a file to read.</summary>
    ILogData OpenRead(string name);

    /// <summary>Gives a file its final name, replacing a file of that name.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file.</summary>
    void Delete(string name);

    /// <summary>Makes what was created, renamed or deleted stay so after a power cut, where the system can.</summary>
    void SyncDirectory();

    /// <summary>Keeps other writers out until disposed, or until the process ends.</summary>
    /// <exception cref="IOException">Another writer is at work.</exception>
    IDisposable Lock();
}

/// <summary>A file being appended to. Closing it may fail with an <see cref="IOException"/>: then, too, bytes may be lost.</summary>
public interface ILogAppender : IDisposable
{
    /// <summary>Hands bytes to the operating system: all of them, or an exception.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when everything appended is on the disk (fsync).</summary>
    void FlushToDisk();
}

/// <summary>A file being read.</summary>
public interface ILogData : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long Length { get; }

    /// <summary>Reads from an offset on; fewer bytes than asked for only at the end of the file.</summary>
    /// <returns>Bytes read.</returns>
    int Read(long offset, Span<byte> destination);
}
