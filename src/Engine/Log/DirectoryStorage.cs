using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sim.Engine.Log;

/// <summary>A log's folder in the file system.</summary>
public sealed partial class DirectoryStorage : ILogStorage
{
    /// <summary>Held open, exclusively, by the one writer.</summary>
    public const string LockName = "writer.lock";

    private readonly string _directory;

    /// <param name="directory">The folder; need not exist before <see cref="CreateDirectory"/>.</param>
    public DirectoryStorage(string directory) => _directory = System.IO.Path.GetFullPath(directory);

    /// <inheritdoc/>
    public string Path => _directory;

    /// <summary>Creates the folder.</summary>
    public void CreateDirectory() => Guard(() => Directory.CreateDirectory(_directory));

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        string[] names = Guard(() => Directory.GetFiles(_directory));
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = System.IO.Path.GetFileName(names[i]);
        }
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public ILogAppender Create(string name) =>
        new Appender(Guard(() => File.OpenHandle(In(name), FileMode.CreateNew, FileAccess.Write, FileShare.Read)), 0);

    /// <inheritdoc/>
    public ILogAppender OpenAppend(string name, long length) => Guard(() =>
    {
        SafeFileHandle file = File.OpenHandle(In(name), FileMode.Open, FileAccess.Write, FileShare.Read);
        try
        {
            long found = RandomAccess.GetLength(file);
            if (found < length)
            {
                throw new IOException($"{In(name)} has {found} bytes, expected at least {length}.");
            }
            if (found > length)
            {
                RandomAccess.SetLength(file, length);
            }
            return new Appender(file, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    });

    /// <inheritdoc/>
    public ILogData OpenRead(string name) =>
        new Data(Guard(() => File.OpenHandle(In(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite)));

    /// <inheritdoc/>
    public void Rename(string from, string to) => Guard(() =>
    {
        File.Move(In(from), In(to), overwrite: true);
        return true;
    });

    /// <inheritdoc/>
    public void Delete(string name) => Guard(() =>
    {
        File.Delete(In(name));
        return true;
    });

    /// <summary>
    /// Syncs the directory itself on systems where a directory can be opened and synced (POSIX). Windows has no such
    /// call; NTFS journals its directories.
    /// </summary>
    public void SyncDirectory()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        int directory = OpenDirectory(_directory, 0);
        int result = directory < 0 ? -1 : Fsync(directory);
        int error = Marshal.GetLastPInvokeError();
        if (directory >= 0)
        {
            _ = Close(directory);
        }
        if (result != 0 && error != InvalidArgument)
        {
            throw new IOException($"cannot sync the directory {_directory}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        string path = In(LockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LogLockedException($"cannot lock {path}: {e.Message} If another run writes there, wait for its end.", e);
        }
    }

    // EINVAL: a file system that has no directory sync; there is nothing more to do for it.
    private const int InvalidArgument = 22;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    private static T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private string In(string name) => System.IO.Path.Combine(_directory, name);

    private sealed class Appender(SafeFileHandle file, long length) : ILogAppender
    {
        private long _length = length;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(file, bytes, _length);
            _length += bytes.Length;
        }

        public void FlushToDisk() => RandomAccess.FlushToDisk(file);

        public void Dispose() => file.Dispose();
    }

    private sealed class Data(SafeFileHandle file) : ILogData
    {
        public long Length => RandomAccess.GetLength(file);

        public int Read(long offset, Span<byte> destination)
        {
            int total = 0;
            while (total < destination.Length)
            {
                int read = RandomAccess.Read(file, destination[total..], offset + total);
                if (read == 0)
                {
                    break;
                }
                total += read;
            }
            return total;
        }

        public void Dispose() => file.Dispose();
    }
}
