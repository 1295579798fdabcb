using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sim.Host.Traces;

/// <summary>
/// Hands out the chunks of a <see cref="ChunkSource"/> in order. With read-ahead a thread of its own fills a fixed number of buffers while the
/// caller decodes; without, each chunk is read when it is asked for. Both give the same chunks and the same errors at the same place.
/// </summary>
internal sealed class ChunkPipeline : IDisposable
{
    private const int Buffers = 3;

    private readonly ChunkSource _source;
    private readonly BlockingCollection<ChunkBuffer>? _free;
    private readonly BlockingCollection<ChunkBuffer>? _ready;
    private readonly Thread? _thread;
    private ChunkBuffer? _current;
    private ExceptionDispatchInfo? _failure;

    internal ChunkPipeline(ChunkSource source, bool readAhead)
    {
        _source = source;
        if (!readAhead)
        {
            _current = new ChunkBuffer();
            return;
        }

        _free = new BlockingCollection<ChunkBuffer>(Buffers);
        _ready = new BlockingCollection<ChunkBuffer>(Buffers);
        for (int i = 0; i < Buffers; i++)
        {
            _free.Add(new ChunkBuffer());
        }

        _thread = new Thread(ReadAll) { IsBackground = true, Name = "trace read-ahead" };
        _thread.Start();
    }

    /// <summary>The next chunk, or null at the end. The chunk handed out before is taken back.</summary>
    internal ChunkBuffer? Next()
    {
        if (_ready is null)
        {
            return _source.TryRead(_current!) ? _current : null;
        }

        if (_current is not null)
        {
            _free!.Add(_current);
            _current = null;
        }

        if (_ready.TryTake(out ChunkBuffer? chunk, Timeout.Infinite))
        {
            _current = chunk;
            return chunk;
        }

        _failure?.Throw();
        return null;
    }

    public void Dispose()
    {
        if (_thread is null)
        {
            return;
        }

        _free!.CompleteAdding();
        while (_ready!.TryTake(out _, Timeout.Infinite))
        {
            // Empty it so that the thread, which may be waiting for room, comes to its end.
        }

        _thread.Join();
        _free.Dispose();
        _ready.Dispose();
    }

    private void ReadAll()
    {
        try
        {
            foreach (ChunkBuffer buffer in _free!.GetConsumingEnumerable())
            {
                if (!_source.TryRead(buffer))
                {
                    break;
                }

                _ready!.Add(buffer);
            }
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            _ready!.CompleteAdding();
        }
    }
}
