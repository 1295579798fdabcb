using System.Runtime.ExceptionServices;
using Sim.Engine.Log;

namespace Sim.Engine.Replay;

/// <summary>
/// Reads, checks and decompresses the blocks from one on, in order, on a thread of its own, a few ahead of whoever takes
/// them. The reader must not be used otherwise before this is disposed.
/// </summary>
internal sealed class BlockPrefetcher : IDisposable
{
    private const int Ahead = 4;

    private readonly object _gate = new();
    private readonly LogReader _reader;
    private readonly Queue<(BlockBuffer Buffer, BlockAddress Address)> _ready = new(Ahead);
    private readonly Stack<BlockBuffer> _free = new(Ahead);
    private readonly Thread _thread;
    private BlockAddress? _next;
    private ExceptionDispatchInfo? _error;
    private bool _ended, _stop;

    public BlockPrefetcher(LogReader reader, BlockAddress first)
    {
        _reader = reader;
        _next = first;
        for (int i = 0; i < Ahead; i++)
        {
            _free.Push(new BlockBuffer());
        }
        _thread = new Thread(Work) { IsBackground = true, Name = "log reader" };
        _thread.Start();
    }

    /// <summary>Takes the next block in exchange for a buffer that is no longer needed; false after the last one.</summary>
    /// <exception cref="CorruptLogException">The block is damaged.</exception>
    public bool Exchange(ref BlockBuffer buffer, out BlockAddress address)
    {
        lock (_gate)
        {
            while (_ready.Count == 0 && !_ended)
            {
                Monitor.Wait(_gate);
            }
            if (_ready.Count == 0)
            {
                address = default;
                _error?.Throw();
                return false;
            }
            _free.Push(buffer);
            (buffer, address) = _ready.Dequeue();
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stop = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
    }

    private void Work()
    {
        try
        {
            while (_next is { } address && TakeFree() is { } buffer)
            {
                _reader.Read(address, buffer);
                _next = _reader.Next(address);
                lock (_gate)
                {
                    _ready.Enqueue((buffer, address));
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e)
        {
            _error = ExceptionDispatchInfo.Capture(e);
        }
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    private BlockBuffer? TakeFree()
    {
        lock (_gate)
        {
            while (_free.Count == 0 && !_stop)
            {
                Monitor.Wait(_gate);
            }
            return _stop ? null : _free.Pop();
        }
    }
}
