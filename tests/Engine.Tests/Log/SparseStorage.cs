using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

/// <summary>A folder with one file that is far longer than memory: only some stretches of it are kept, the rest reads as zeros.</summary>
public sealed class SparseStorage(string name) : ILogStorage
{
    private readonly List<(long Offset, byte[] Bytes)> _stretches = [];

    public string Path => "sparse";

    /// <summary>Bytes in the file.</summary>
    public long Length { get; private set; }

    /// <summary>Says which appended bytes are kept, by the offset they start at; null for all.</summary>
    public Func<long, bool>? Keeps { get; init; }

    /// <summary>Other files.</summary>
    public MemoryStorage Others { get; init; } = new();

    /// <summary>Puts bytes at an offset; the file grows to hold them.</summary>
    public void Put(long offset, ReadOnlySpan<byte> bytes)
    {
        if (Keeps is null || Keeps(offset))
        {
            _stretches.Add((offset, bytes.ToArray()));
        }
        Length = Math.Max(Length, offset + bytes.Length);
    }

    public IReadOnlyList<string> List() => [.. Others.List().Append(name).Order(StringComparer.Ordinal)];

    public ILogData OpenRead(string file) => file == name ? new Data(this) : Others.OpenRead(file);

    public ILogAppender Create(string file) => new Appender(this);

    public ILogAppender OpenAppend(string file, long length) => throw new NotSupportedException();

    public void Rename(string from, string to) => throw new NotSupportedException();

    public void Delete(string file) => throw new NotSupportedException();

    public void SyncDirectory()
    {
    }

    public IDisposable Lock() => Others.Lock();

    private sealed class Appender(SparseStorage storage) : ILogAppender
    {
        public void Append(ReadOnlySpan<byte> bytes) => storage.Put(storage.Length, bytes);

        public void FlushToDisk()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class Data(SparseStorage storage) : ILogData
    {
        public long Length => storage.Length;

        public int Read(long offset, Span<byte> destination)
        {
            int count = (int)Math.Clamp(storage.Length - offset, 0, destination.Length);
            destination[..count].Clear();
            foreach ((long start, byte[] bytes) in storage._stretches)
            {
                long from = Math.Max(start, offset), to = Math.Min(start + bytes.Length, offset + count);
                if (from < to)
                {
                    bytes.AsSpan((int)(from - start), (int)(to - from)).CopyTo(destination[(int)(from - offset)..]);
                }
            }
            return count;
        }

        public void Dispose()
        {
        }
    }
}
