using System.Collections.Concurrent;
using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

/// <summary>A log's folder in memory, which can be told to fail: at the n-th operation, once or from then on, or when it is full.</summary>
public sealed class MemoryStorage : ILogStorage
{
    private readonly ConcurrentDictionary<string, MemoryStream> _files = new(StringComparer.Ordinal);
    private int _operations;
    private bool _locked;

    public string Path => "memory";

    /// <summary>Number of the operation that fails, from 1; 0 for none.</summary>
    public int FailAt { get; init; }

    /// <summary>Only that one operation fails; those after it succeed again.</summary>
    public bool Transient { get; init; }

    /// <summary>Bytes that fit; an append beyond writes what fits and fails, as a full disk does.</summary>
    public long Capacity { get; init; } = long.MaxValue;

    /// <summary>Operations so far.</summary>
    public int Operations => _operations;

    /// <summary>Bytes that had been synced when the last sync succeeded, by file.</summary>
    public ConcurrentDictionary<string, long> Synced { get; } = new(StringComparer.Ordinal);

    /// <summary>Files open for appending.</summary>
    public int OpenAppenders { get; private set; }

    /// <summary>The bytes of a file; assignable.</summary>
    public byte[] this[string name]
    {
        get => _files[name].ToArray();
        set
        {
            var file = new MemoryStream();
            file.Write(value);
            _files[name] = file;
        }
    }

    public IEnumerable<string> Names => List();

    public IReadOnlyList<string> List() => [.. _files.Keys.Order(StringComparer.Ordinal)];

    public void Remove(string name) => Assert.True(_files.TryRemove(name, out _));

    public MemoryStorage Copy(int failAt = 0)
    {
        var copy = new MemoryStorage { FailAt = failAt };
        foreach (string name in List())
        {
            copy[name] = this[name];
        }
        return copy;
    }

    public ILogAppender Create(string name)
    {
        Operate("create");
        var file = new MemoryStream();
        if (!_files.TryAdd(name, file))
        {
            throw new IOException($"{name} exists");
        }
        OpenAppenders++;
        return new Appender(this, name, file);
    }

    public ILogAppender OpenAppend(string name, long length)
    {
        Operate("open");
        if (!_files.TryGetValue(name, out MemoryStream? file) || file.Length < length)
        {
            throw new IOException($"{name} is not there or shorter than {length} bytes");
        }
        file.SetLength(length);
        file.Position = length;
        Synced[name] = Math.Min(Synced.GetValueOrDefault(name), length);
        OpenAppenders++;
        return new Appender(this, name, file);
    }

    public void Delete(string name)
    {
        Operate("delete");
        _files.TryRemove(name, out _);
    }

    public ILogData OpenRead(string name) =>
        _files.TryGetValue(name, out MemoryStream? file) ? new Data(file.ToArray()) : throw new FileNotFoundException(name);

    public void Rename(string from, string to)
    {
        Operate("rename");
        _files[to] = _files[from];
        Remove(from);
    }

    public void SyncDirectory() => Operate("sync the directory");

    public IDisposable Lock()
    {
        Operate("lock");
        if (_locked)
        {
            throw new IOException("another writer is at work");
        }
        _locked = true;
        return new Unlock(this);
    }

    private void Operate(string what)
    {
        int number = Interlocked.Increment(ref _operations);
        if (FailAt > 0 && (Transient ? number == FailAt : number >= FailAt))
        {
            throw new IOException($"injected: cannot {what}");
        }
    }

    private sealed class Unlock(MemoryStorage storage) : IDisposable
    {
        public void Dispose() => storage._locked = false;
    }

    private sealed class Appender(MemoryStorage storage, string name, MemoryStream file) : ILogAppender
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            storage.Operate("append");
            long room = storage.Capacity - storage._files.Values.Sum(f => f.Length);
            if (bytes.Length > room)
            {
                file.Write(bytes[..(int)room]);
                throw new IOException("No space left on device");
            }
            file.Write(bytes);
        }

        public void FlushToDisk()
        {
            storage.Operate("sync");
            storage.Synced[name] = file.Length;
        }

        public void Dispose() => storage.OpenAppenders--;
    }

    private sealed class Data(byte[] bytes) : ILogData
    {
        public long Length => bytes.Length;

        public int Read(long offset, Span<byte> destination)
        {
            int count = (int)Math.Min(destination.Length, Math.Max(0, bytes.Length - offset));
            bytes.AsSpan((int)Math.Min(offset, bytes.Length), count).CopyTo(destination);
            return count;
        }

        public void Dispose()
        {
        }
    }
}
