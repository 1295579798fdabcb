using Sim.Engine.Random;
using Sim.Engine.Scheduling;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Host.Experiments;
using Sim.Kernel;
using Sim.Kernel.Hugetlb;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>
/// Runs <see cref="FragmentationOptions"/>. Every user has two streams of its own, one for arrivals and one for blocks,
/// and draws the same numbers whatever the allocator answers, so that two runs that differ in one setting meet the same
/// requests (common random numbers).
/// </summary>
public sealed class FragmentationWorkload : IWorkload, IComponent
{
    private const ushort Arrive = 1, Expire = 2, Probe = 3, End = 4;
    private const int OrderBits = 8, OrderMask = (1 << OrderBits) - 1;

    /// <summary>For whom the workload asks for a block to see whether there is one.</summary>
    internal const int ProbeOwner = -15;

    /// <summary>The first user; the others of a phase follow downwards. A user that becomes a task has a pid instead.</summary>
    internal const int FirstKernelOwner = -16;

    private readonly Machine _machine;
    private readonly FragmentationOptions _options;
    private readonly User[] _users;
    private readonly MovedBlocks _moved;
    private readonly ushort _id;
    private long _failedProbes;

    public FragmentationWorkload(Machine machine, FragmentationOptions options, ulong seed, string name)
    {
        _machine = machine;
        _options = options;
        _moved = new MovedBlocks(machine.State.Options.Hardware.Frames);
        _id = machine.Scheduler.Register(this);
        var users = new List<User>();
        foreach (FragmentationUser entry in options.Users)
        {
            var shape = new Shape(entry, options.RatePercent);
            for (int i = 0; i < entry.Count; i++)
            {
                users.Add(new User(shape, seed, $"{name}/{entry.Name}-{i}")
                {
                    Name = $"{entry.Name}-{i}",
                    IsTask = entry.Kind == FragmentationUserKind.Task,
                    Owner = FirstKernelOwner - users.Count,
                    Cpu = machine.Cpus[users.Count % machine.Cpus.Length],
                });
            }
        }
        _users = [.. users];
    }

    /// <inheritdoc/>
    public bool IsFinished { get; private set; }

    /// <inheritdoc/>
    public double Done => _options.Duration is { } duration ? (double)(_machine.Scheduler.NowPs - StartPs) / duration.Ps : double.NaN;

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("allocations", _users.Sum(u => u.Allocations)),
        ("allocatedPages", _users.Sum(u => u.Pages)),
        ("failures", _users.Sum(u => u.Failures)),
        ("probes", Probes),
        ("failedProbes", _failedProbes),
        ("movedPages", _moved.Moves),
        ("firstFailedProbePs", FirstFailedProbePs),
    ];

    private long Probes { get; set; }

    private long StartPs { get; set; }

    private long EndPs => _options.Duration is { } duration && duration.Ps < long.MaxValue - StartPs ? StartPs + duration.Ps : long.MaxValue;

    private long FirstFailedProbePs { get; set; } = -1;

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        StartPs = nowPs;
        for (int i = 0; i < _users.Length; i++)
        {
            if (_users[i].IsTask)
            {
                int pid = _machine.Virtual.Tasks.Start(_users[i].Name, _users[i].Cpu.Id, new SleepingProgram(), cause: -1);
                if (pid > 0)
                {
                    _users[i].Owner = pid;
                    _machine.Movable.Register(pid, _moved);
                }
            }
            _machine.Scheduler.Schedule(nowPs + _users[i].NextArrivalPs(), _id, Arrive, cause: -1, i);
        }
        _machine.Scheduler.Schedule(nowPs + _options.ProbeEvery.Ps, _id, Probe, cause: -1);
        if (_options.Duration is { } duration)
        {
            _machine.Scheduler.Schedule(nowPs + duration.Ps, _id, End, cause: -1);
        }
    }

    /// <inheritdoc/>
    public void Changed(WorkloadOptions before)
    {
        if (((FragmentationOptions)before).Duration != _options.Duration && EndPs < long.MaxValue)
        {
            // The end that was planned comes to nothing unless it is the later one.
            _machine.Scheduler.Schedule(Math.Max(EndPs, _machine.Scheduler.NowPs), _id, End, cause: -1);
        }
    }

    /// <inheritdoc/>
    public void Handle(in Message message)
    {
        ref readonly Message next = ref _machine.Scheduler.Foreseen;
        if (next.Kind == Expire && next.Target == _id)
        {
            _machine.Pages.State.Frames.Prefetch(next.A);
        }
        switch (message.Kind)
        {
            case Arrive when !IsFinished:
                Allocate((int)message.A, message.TimePs);
                break;
            case Expire:
                User owner = _users[message.B];
                owner.Cpu.BeginDispatch(message.TimePs);
                _machine.Pages.FreePages(_moved.Take(message.A, (int)(message.C >> OrderBits)), (int)message.C & OrderMask, owner.Cpu, cause: -1);
                break;
            case Probe when !IsFinished:
                TryHighOrder(message.TimePs);
                break;
            case End:
                IsFinished |= message.TimePs >= EndPs;
                break;
        }
    }

    private void Allocate(int index, long nowPs)
    {
        User user = _users[index];
        int order = user.NextOrder();
        long lifetimePs = user.NextLifetimePs();
        user.Cpu.BeginDispatch(nowPs);
        long pfn = _machine.Pages.AllocPages(order, user.Gfp, user.Owner, user.Cpu, cause: -1);
        user.Allocations++;
        if (pfn >= 0)
        {
            user.Pages += 1L << order;
            long orderAndTag = ((long)_moved.Add(pfn) << OrderBits) + order;
            _machine.Scheduler.Schedule(nowPs + lifetimePs, _id, Expire, cause: -1, pfn, index, orderAndTag);
        }
        else
        {
            user.Failures++;
        }
        _machine.Scheduler.Schedule(nowPs + user.NextArrivalPs(), _id, Arrive, cause: -1, index);
    }

    private static GfpFlags ProbeGfp(ProbeKind kind) => kind switch
    {
        ProbeKind.TransHuge => GfpFlags.TransHuge | GfpFlags.NoRetry,
        ProbeKind.HugePool => HugePagePool.PoolGfp,
        ProbeKind.Kernel => GfpFlags.Kernel | GfpFlags.Compound,
        _ => GfpFlags.HighUserMovable | GfpFlags.NoWarn | GfpFlags.NoMemAlloc,
    };

    private void TryHighOrder(long nowPs)
    {
        CpuClock cpu = _machine.Cpus[0];
        cpu.BeginDispatch(nowPs);
        Probes++;
        long pfn = _machine.Pages.AllocPages(_options.ProbeOrder, ProbeGfp(_options.ProbeAs), ProbeOwner, cpu, cause: -1);
        if (pfn >= 0)
        {
            _machine.Pages.FreePages(pfn, _options.ProbeOrder, cpu, cause: -1);
        }
        else if (_machine.State.Memory.Pages.Zones.Sum(z => z.FreePages) >= 1L << _options.ProbeOrder)
        {
            _failedProbes++;
            FirstFailedProbePs = FirstFailedProbePs < 0 ? nowPs : FirstFailedProbePs;
            IsFinished |= _failedProbes == _options.EndAfterFailedProbes;
        }
        _machine.Scheduler.Schedule(nowPs + _options.ProbeEvery.Ps, _id, Probe, cause: -1);
    }

    /// <summary>A task that only owns pages: it sleeps for the rest of the run.</summary>
    private sealed class SleepingProgram : IProgram
    {
        private const long ThirtyDaysPs = 30L * 24 * 3_600 * 1_000_000_000_000;

        public ProgramStatus Step(TaskContext task)
        {
            task.SleepPs = ThirtyDaysPs;
            return ProgramStatus.Sleeping;
        }
    }

    /// <summary>The distributions of one entry, which its users share.</summary>
    [NotInSnapshot]
    private sealed class Shape(FragmentationUser entry, int ratePercent)
    {
        public DurationDistribution Every { get; } = DurationDistribution.Exponential(Math.Max(1, entry.Every.Ps * 100 / ratePercent));

        public WeightedChoice Order { get; } = new([.. entry.Orders.Select(o => o.Weight)]);

        public int[] Orders { get; } = [.. entry.Orders.Select(o => o.Order)];

        public WeightedChoice Lifetime { get; } = new([.. entry.Lifetimes.Select(l => l.Weight)]);

        public DurationDistribution[] Lifetimes { get; } = [.. entry.Lifetimes.Select(l => l.ToDistribution())];

        public GfpFlags Gfp { get; } = entry.Kind switch
        {
            FragmentationUserKind.Task => GfpFlags.HighUserMovable,
            FragmentationUserKind.KernelReclaimable => GfpFlags.Kernel | GfpFlags.Reclaimable,
            _ => GfpFlags.Kernel,
        };
    }

    /// <summary>One user: its streams and counts.</summary>
    private sealed class User(Shape shape, ulong seed, string name)
    {
        private readonly RandomStream _arrivals = new(seed, name + "/arrivals");
        private readonly RandomStream _blocks = new(seed, name + "/blocks");

        public required string Name { get; init; }

        public required bool IsTask { get; init; }

        public required int Owner { get; set; }

        public required CpuClock Cpu { get; init; }

        public GfpFlags Gfp => shape.Gfp;

        public long Allocations { get; set; }

        public long Pages { get; set; }

        public long Failures { get; set; }

        public long NextArrivalPs() => shape.Every.Sample(_arrivals);

        public int NextOrder() => shape.Orders[shape.Order.Sample(_blocks)];

        public long NextLifetimePs() => shape.Lifetimes[shape.Lifetime.Sample(_blocks)].Sample(_blocks);
    }
}
