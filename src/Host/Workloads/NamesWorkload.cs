using Sim.Engine.Random;
using Sim.Engine.Scheduling;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Vfs;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="NamesOptions"/>: opens arrive on the CPUs in turn, and each file is closed on the CPU that opened it.</summary>
public sealed class NamesWorkload : IWorkload, IComponent
{
    private const ushort Arrive = 1, Close = 2, End = 3;

    private readonly Machine _machine;
    private readonly NamesOptions _options;
    private readonly RandomStream _random;
    private readonly ushort _id;

    // Made anew after a snapshot, which does not have them.
    [NotInSnapshot]
    private DurationDistribution? _every, _open;
    private long _startPs, _nowPs, _opens, _hits, _inodeHits, _misses, _failures;
    private int _fileSystem;

    public NamesWorkload(Machine machine, NamesOptions options, ulong seed, string name)
    {
        _machine = machine;
        _options = options;
        _random = new RandomStream(seed, name);
        _id = machine.Scheduler.Register(this);
    }

    /// <inheritdoc/>
    public bool IsFinished { get; private set; }

    /// <inheritdoc/>
    public double Done => Math.Min(1, (double)(_nowPs - _startPs) / _options.Duration.Ps);

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("opens", _opens),
        ("hits", _hits),
        ("inodeHits", _inodeHits),
        ("misses", _misses),
        ("failures", _failures),
    ];

    private DurationDistribution Every => _every ??= DurationDistribution.Exponential(_options.Every.Ps);

    private DurationDistribution OpenFor => _open ??= _options.Open.ToDistribution();

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _startPs = _nowPs = nowPs;
        Cpu cpu = _machine.Cpus[0];
        cpu.BeginDispatch(nowPs);
        _fileSystem = _machine.Names.Mount(_options.FileSystem, _options.DentryBytes, _options.InodeBytes, _options.ShrinkBatch, cpu);
        _machine.Scheduler.Schedule(nowPs + Every.Sample(_random), _id, Arrive, cause: -1);
        _machine.Scheduler.Schedule(nowPs + _options.Duration.Ps, _id, End, cause: -1);
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        _nowPs = message.TimePs;
        switch (message.Kind)
        {
            case Arrive when !IsFinished:
                Open(message.TimePs);
                break;
            case Close:
                Cpu cpu = _machine.Cpus[message.B];
                cpu.BeginDispatch(message.TimePs);
                _machine.Names.Close(_fileSystem, (int)message.A, cpu, message.Cause);
                break;
            case End:
                IsFinished = true;
                break;
        }
    }

    private void Open(long nowPs)
    {
        // All draws are made whatever the answer is.
        int file = NextFile();
        long openPs = OpenFor.Sample(_random), nextPs = Every.Sample(_random);
        long on = _opens++ % _machine.Cpus.Length;
        Cpu cpu = _machine.Cpus[on];
        cpu.BeginDispatch(nowPs);
        switch (_machine.Names.Open(_fileSystem, file, cpu, cause: -1))
        {
            case LookupResult.Hit:
                _hits++;
                break;
            case LookupResult.InodeHit:
                _inodeHits++;
                break;
            case LookupResult.Miss:
                _misses++;
                break;
            default:
                _failures++;
                openPs = -1;
                break;
        }
        if (openPs >= 0)
        {
            _machine.Scheduler.Schedule(nowPs + openPs, _id, Close, cause: -1, file, on);
        }
        _machine.Scheduler.Schedule(nowPs + nextPs, _id, Arrive, cause: -1);
    }

    private int NextFile()
    {
        int hot = (int)((long)_options.Files * _options.HotPercent / 100);
        bool toHot = _random.NextChance((ulong)_options.HotOpenPercent, 100) && hot > 0;
        return toHot || hot == _options.Files
            ? (int)_random.NextBelow((ulong)hot)
            : hot + (int)_random.NextBelow((ulong)(_options.Files - hot));
    }
}
