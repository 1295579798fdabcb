using Sim.Engine.Log;
using Sim.Engine.Random;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// A folder on a disk that can fail at any operation, and that loses what was not synced when the power goes: sectors
/// written, files created, renamed and deleted. Modelled on SQLite's crash-test file system (test6.c).
/// </summary>
public sealed class SimulatedDisk : ILogStorage
{
    private readonly object _gate = new();
    private readonly SortedDictionary<string, SimulatedFile> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<DiskOperation, int> _counts = [];
    private SortedDictionary<string, SimulatedFile> _onDisk = new(StringComparer.Ordinal);
    private DiskFault? _fault;
    private int _operations;
    private bool _locked, _dead;

    public string Path => "a simulated disk";

    /// <summary>What fails; null for nothing. Setting it counts operations anew.</summary>
    public DiskFault? Fault
    {
        get => _fault;
        set
        {
            _fault = value;
            _operations = 0;
            _counts.Clear();
        }
    }

    /// <summary>True when the fault came up.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Files and locks that are open.</summary>
    public int OpenHandles { get; private set; }

    /// <summary>A disk with files that are surely on it.</summary>
    public static SimulatedDisk Of(MemoryStorage files)
    {
        var disk = new SimulatedDisk();
        foreach (string name in files.Names)
        {
            disk._seen[name] = SimulatedFile.Of(files[name]);
        }
        disk._onDisk = new(disk._seen, StringComparer.Ordinal);
        return disk;
    }

    /// <summary>The same disk, which is going to fail.</summary>
    public SimulatedDisk With(DiskFault? fault)
    {
        Fault = fault;
        return this;
    }

    /// <summary>How often something has been done since the fault was set.</summary>
    public int Count(DiskOperation sort) => _counts.GetValueOrDefault(sort);

    /// <summary>The files as programs see them.</summary>
    public MemoryStorage Files()
    {
        var files = new MemoryStorage();
        foreach ((string name, SimulatedFile file) in _seen)
        {
            files[name] = file.Seen.ToArray();
        }
        return files;
    }

    /// <summary>The same disk after the process was killed: all that it handed over is there, synced or not.</summary>
    public SimulatedDisk AfterKill()
    {
        var copies = new Dictionary<SimulatedFile, SimulatedFile>();
        SimulatedFile Copy(SimulatedFile file) => copies.TryGetValue(file, out SimulatedFile? copy) ? copy : copies[file] = file.Copy();
        var disk = new SimulatedDisk();
        foreach ((string name, SimulatedFile file) in _seen)
        {
            disk._seen[name] = Copy(file);
        }
        foreach ((string name, SimulatedFile file) in _onDisk)
        {
            disk._onDisk[name] = Copy(file);
        }
        return disk;
    }

    /// <summary>The same disk after a power cut: of what was not synced, anything may be there.</summary>
    public SimulatedDisk AfterPowerCut(RandomStream random)
    {
        var disk = new SimulatedDisk();
        foreach (string name in _seen.Keys.Union(_onDisk.Keys).Order(StringComparer.Ordinal).ToArray())
        {
            SimulatedFile? seen = _seen.GetValueOrDefault(name), synced = _onDisk.GetValueOrDefault(name);
            SimulatedFile? left = random.NextBelow(2) == 0 ? seen : synced;
            if (left is not null)
            {
                disk._seen[name] = SimulatedFile.Of(left.AfterPowerCut(random));
            }
        }
        disk._onDisk = new(disk._seen, StringComparer.Ordinal);
        return disk;
    }

    public IReadOnlyList<string> List() => Do<IReadOnlyList<string>>(DiskOperation.List, () => [.. _seen.Keys]);

    public ILogAppender Create(string name) => Do(DiskOperation.Create, () =>
    {
        var file = new SimulatedFile();
        return _seen.TryAdd(name, file) ? new Appender(this, file) : throw new IOException($"{name} exists");
    });

    public ILogAppender OpenAppend(string name, long length) => Do(DiskOperation.OpenAppend, () =>
    {
        SimulatedFile file = Find(name);
        if (file.Seen.Length < length)
        {
            throw new IOException($"{name} is shorter than {length} bytes");
        }
        file.Seen.SetLength(length);
        file.Seen.Position = length;
        return new Appender(this, file);
    });

    public ILogData OpenRead(string name) => Do(DiskOperation.OpenRead, () => new Data(this, Find(name)));

    public void Rename(string from, string to) => Do(DiskOperation.Rename, () =>
    {
        _seen[to] = Find(from);
        return _seen.Remove(from);
    });

    public void Delete(string name) => Do(DiskOperation.Delete, () => _seen.Remove(name));

    public void SyncDirectory() => Do(DiskOperation.SyncDirectory, () =>
    {
        _onDisk = new(_seen, StringComparer.Ordinal);
        return true;
    });

    public IDisposable Lock() => Do(DiskOperation.Lock, () =>
    {
        if (_locked)
        {
            throw new IOException("another writer is at work");
        }
        _locked = true;
        return new Unlock(this);
    });

    private SimulatedFile Find(string name) =>
        _seen.TryGetValue(name, out SimulatedFile? file) ? file : throw new FileNotFoundException($"{name} is not there");

    // A write that fails for lack of space, or that the crash cuts short, has got some way.
    private T Do<T>(DiskOperation sort, Func<T> action, Func<T>? partly = null)
    {
        lock (_gate)
        {
            bool wasDead = _dead;
            switch (Fails(sort))
            {
                case null:
                    return action();
                case DiskFailure.Crash:
                    _dead = true;
                    if (!wasDead)
                    {
                        partly?.Invoke();
                    }
                    throw new IOException("injected: the machine is gone");
                case DiskFailure.NoSpace:
                    partly?.Invoke();
                    throw new IOException("injected: No space left on device");
                case DiskFailure.TooManyFiles:
                    throw new IOException("injected: Too many open files");
                case DiskFailure.AccessDenied:
                    throw new IOException("injected: Permission denied");
                default:
                    throw new IOException("injected: Input/output error");
            }
        }
    }

    private DiskFailure? Fails(DiskOperation sort)
    {
        if (_dead)
        {
            return DiskFailure.Crash;
        }
        _operations++;
        int number = _counts[sort] = _counts.GetValueOrDefault(sort) + 1;
        if (_fault is null || (_fault.Sort is { } wanted && wanted != sort))
        {
            return null;
        }
        int at = _fault.Sort is null ? _operations : number;
        if (_fault.IsPersistent ? at < _fault.At : at != _fault.At)
        {
            return null;
        }
        HasFailed = true;
        return _fault.Failure;
    }

    private abstract class Handle : IDisposable
    {
        protected SimulatedDisk Disk { get; }

        private bool _closed;

        protected Handle(SimulatedDisk disk)
        {
            Disk = disk;
            disk.OpenHandles++;
        }

        public void Dispose()
        {
            if (_closed)
            {
                return;
            }
            // As close(2) does: the handle is gone even when closing fails.
            _closed = true;
            lock (Disk._gate)
            {
                Disk.OpenHandles--;
            }
            Close();
        }

        protected virtual void Close()
        {
        }
    }

    private sealed class Unlock(SimulatedDisk disk) : Handle(disk)
    {
        protected override void Close() => Disk._locked = false;
    }

    private sealed class Appender(SimulatedDisk disk, SimulatedFile file) : Handle(disk), ILogAppender
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            Disk.Do(DiskOperation.Append, () => Write(copy.Length), partly: () => Write(copy.Length / 2));

            bool Write(int count)
            {
                file.Seen.Write(copy, 0, count);
                return true;
            }
        }

        public void FlushToDisk() => Disk.Do(DiskOperation.Sync, () =>
        {
            file.Sync();
            return true;
        });

        protected override void Close() => Disk.Do(DiskOperation.Close, () => true);
    }

    private sealed class Data(SimulatedDisk disk, SimulatedFile file) : Handle(disk), ILogData
    {
        public long Length => file.Seen.Length;

        public int Read(long offset, Span<byte> destination)
        {
            byte[] bytes;
            DiskFailure? failure;
            lock (Disk._gate)
            {
                failure = Disk.Fails(DiskOperation.Read);
                bytes = file.Seen.ToArray();
            }
            if (failure is not null and not DiskFailure.ShortRead)
            {
                throw new IOException("injected: Input/output error");
            }
            if (offset >= bytes.Length)
            {
                return 0;
            }
            int read = Math.Min(destination.Length, bytes.Length - (int)offset);
            read = failure is null ? read : read / 2;
            bytes.AsSpan((int)offset, read).CopyTo(destination);
            return read;
        }
    }
}
