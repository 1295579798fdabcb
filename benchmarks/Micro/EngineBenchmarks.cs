using BenchmarkDotNet.Attributes;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Benchmarks;

/// <summary>What every event and message passes through.</summary>
[MemoryDiagnoser]
public class EngineBenchmarks
{
    private const int Events = 4096;
    private const int Pending = 10_000;

    private readonly Journal _journal = new(new DiscardingSink(), BootedMachine.Catalogue());
    private readonly TimingWheelEventQueue _queue = new();
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private readonly Counter _counter = new();
    private EventApplier _applier = null!;
    private byte[] _payload = [];
    private int _payloadLength;
    private ulong _random = 88172645463325252;

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < Pending; i++)
        {
            var message = new Message { TimePs = (long)(Next() % 1000) * 1000, Sequence = i };
            _queue.Enqueue(in message);
        }
        var block = new LastBlock();
        var journal = new Journal(block, BootedMachine.Catalogue());
        for (int i = 0; i < Events; i++)
        {
            journal.TimePs += 40_000;
            journal.Emit(new PageAlloc((long)(Next() % 65_536), 0, MigrateType.Movable, 7, 1), -1);
        }
        journal.Complete();
        (_payload, _payloadLength) = (block.Payload, block.Length);
        _applier = BootedMachine.Catalogue()[PageAlloc.Kind]!.CreateApplier(_counter);
    }

    /// <summary>Logs an event of five fields.</summary>
    [Benchmark]
    public long Emit()
    {
        _journal.TimePs += 40_000;
        return _journal.Emit(new PageAlloc((long)(Next() & 65_535), 0, MigrateType.Movable, 7, 1), -1).Sequence;
    }

    /// <summary>Takes the first of 10,000 messages and puts it back up to 1,000 ns later.</summary>
    [Benchmark]
    public void QueueHold()
    {
        _queue.TryDequeue(long.MaxValue, out Message message);
        message.TimePs += (long)(1 + (Next() % 1000)) * 1000;
        message.Sequence += Pending;
        _queue.Enqueue(in message);
    }

    /// <summary>Decodes an event and hands it to what applies it, as a fold does.</summary>
    [Benchmark(OperationsPerInvoke = Events)]
    public long FoldStep()
    {
        Array.Clear(_contexts);
        var decoder = new EventDecoder(_payload.AsSpan(0, _payloadLength), ref _contexts[0]);
        for (int i = 0; i < Events; i++)
        {
            EventHeader header = decoder.ReadEventHeader(i, out _, out int fields);
            _applier.DecodeAndApply(ref decoder, fields, in header);
        }
        return _counter.Pages;
    }

    private ulong Next()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        return _random ^= _random << 17;
    }

    private sealed class Counter : IApply<PageAlloc>
    {
        public long Pages { get; private set; }

        public void Apply(in PageAlloc e, in EventHeader header) => Pages += 1L << e.Order;
    }

    private sealed class LastBlock : IBlockSink
    {
        public byte[] Payload { get; private set; } = [];

        public int Length { get; private set; }

        public byte[] Submit(in RawBlock block)
        {
            (Payload, Length) = (block.Payload, block.Length);
            return new byte[Journal.BufferBytes];
        }
    }
}
