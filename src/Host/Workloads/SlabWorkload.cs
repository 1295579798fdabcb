using Sim.Engine.Random;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="SlabOptions"/>: each cache, and kmalloc as one more, has arrivals of its own on a CPU of its own.</summary>
public sealed class SlabWorkload : IWorkload, IComponent
{
    private const ushort Arrive = 1, Expire = 2, Reap = 3, End = 4;
    private const int Kmalloc = -1;

    private readonly Machine _machine;
    private readonly SlabOptions _options;
    private readonly Source[] _sources;
    private readonly ushort _id;
    private long _startPs, _nowPs;
    private long _frees, _failures, _reaped;

    public SlabWorkload(Machine machine, SlabOptions options, ulong seed, string name)
    {
        _machine = machine;
        _options = options;
        _id = machine.Scheduler.Register(this);
        var sources = new List<Source>();
        foreach (SlabCacheOptions cache in options.Caches)
        {
            sources.Add(new Source(seed, $"{name}/{cache.Name}-{sources.Count}", cache.Every.Ps, cache.Lifetime) { Cache = cache });
        }
        if (options.KmallocEvery.Ps > 0)
        {
            sources.Add(new Source(seed, name + "/kmalloc", options.KmallocEvery.Ps, options.KmallocLifetime)
            {
                Sizes = new WeightedChoice([.. options.KmallocSizes.Select(s => s.Weight)]),
            });
        }
        _sources = [.. sources];
    }

    /// <inheritdoc/>
    public bool IsFinished { get; private set; }

    /// <inheritdoc/>
    public double Done => Math.Min(1, (double)(_nowPs - _startPs) / _options.Duration.Ps);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("allocations", _sources.Sum(s => s.Allocations)),
        ("frees", _frees),
        ("failures", _failures),
        ("reapedPages", _reaped),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _startPs = _nowPs = nowPs;
        for (int i = 0; i < _sources.Length; i++)
        {
            Source source = _sources[i];
            Cpu cpu = CpuOf(i);
            cpu.BeginDispatch(nowPs);
            if (source.Cache is { } cache)
            {
                source.Number = _machine.Slab.CreateCache(cache.Name, cache.ObjectBytes, cache.Align,
                    (cache.CacheLineAligned ? SlabFlags.HwCacheAlign : 0) | (cache.Reclaimable ? SlabFlags.ReclaimAccount : 0)
                        | (cache.Accounted ? SlabFlags.Account : 0) | (cache.Constructor ? SlabFlags.Constructor : 0),
                    cpu, cause: -1);
            }
            _machine.Scheduler.Schedule(nowPs + source.NextArrivalPs(), _id, Arrive, cause: -1, i);
        }
        if (_options.ReapEvery is { } every)
        {
            _machine.Scheduler.Schedule(nowPs + every.Ps, _id, Reap, cause: -1);
        }
        _machine.Scheduler.Schedule(nowPs + _options.Duration.Ps, _id, End, cause: -1);
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        _nowPs = message.TimePs;
        switch (message.Kind)
        {
            case Arrive when !IsFinished:
                Allocate((int)message.A, message.TimePs);
                break;
            case Expire:
                Free(message.A, (int)message.B, message.TimePs);
                break;
            case Reap when !IsFinished:
                ReapOnAllCpus(message.TimePs, _options.ReapEvery!.Value.Ps);
                break;
            case End:
                IsFinished = true;
                break;
        }
    }

    private void ReapOnAllCpus(long nowPs, long periodPs)
    {
        foreach (Cpu cpu in _machine.Cpus)
        {
            cpu.BeginDispatch(nowPs);
            _reaped += _machine.Slab.Reap(2 * periodPs, cpu, cause: -1);
        }
        _machine.Scheduler.Schedule(nowPs + periodPs, _id, Reap, cause: -1);
    }

    private void Allocate(int index, long nowPs)
    {
        Source source = _sources[index];
        Cpu cpu = CpuOf(index);
        int bytes = source.NextBytes(_options.KmallocSizes);
        long lifetimePs = source.NextLifetimePs();
        cpu.BeginDispatch(nowPs);
        long address = source.Number == Kmalloc
            ? _machine.Slab.Kmalloc(bytes, GfpFlags.Kernel, cpu, cause: -1)
            : _machine.Slab.Alloc(source.Number, GfpFlags.Kernel, cpu, cause: -1);
        source.Allocations++;
        if (address >= 0)
        {
            _machine.Scheduler.Schedule(nowPs + lifetimePs, _id, Expire, cause: -1, address, index);
        }
        else
        {
            _failures++;
        }
        _machine.Scheduler.Schedule(nowPs + source.NextArrivalPs(), _id, Arrive, cause: -1, index);
    }

    private void Free(long address, int index, long nowPs)
    {
        Cpu cpu = CpuOf(index);
        cpu.BeginDispatch(nowPs);
        _frees++;
        if (_sources[index].Number == Kmalloc)
        {
            _machine.Slab.Kfree(address, cpu, cause: -1);
        }
        else
        {
            _machine.Slab.Free(address, cpu, cause: -1);
        }
    }

    private Cpu CpuOf(int index) => _machine.Cpus[index % _machine.Cpus.Length];

    /// <summary>Where objects of one kind come from.</summary>
    private sealed class Source(ulong seed, string name, long everyPs, Lifetime lifetime)
    {
        private readonly RandomStream _random = new(seed, name);
        private readonly DurationDistribution _every = DurationDistribution.Exponential(everyPs);
        private readonly DurationDistribution _lifetime = lifetime.ToDistribution();

        /// <summary>The cache to make; null for kmalloc.</summary>
        public SlabCacheOptions? Cache { get; init; }

        public WeightedChoice? Sizes { get; init; }

        /// <summary>The cache's number once made.</summary>
        public int Number { get; set; } = Kmalloc;

        public long Allocations { get; set; }

        public long NextArrivalPs() => _every.Sample(_random);

        public long NextLifetimePs() => _lifetime.Sample(_random);

        public int NextBytes(IReadOnlyList<KmallocSize> sizes) => Sizes is null ? 0 : sizes[Sizes.Sample(_random)].Bytes;
    }
}
