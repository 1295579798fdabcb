using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Compare;

/// <summary>What a round of a <see cref="FaultProgram"/> faults at.</summary>
internal enum FaultKind
{
    /// <summary>First writes to anonymous memory.</summary>
    AnonymousWrite,

    /// <summary>First reads of anonymous memory: the zero page.</summary>
    AnonymousRead,

    /// <summary>Reads of a file's pages that are in the page cache.</summary>
    FileRead,

    /// <summary>First writes to a private mapping of a file whose pages are in the page cache.</summary>
    FileCopy,

    /// <summary>Writes after a fork, while the child lives.</summary>
    CopyAfterFork,
}

/// <summary>
/// A task that takes faults at every page of an area, round after round, each in a new mapping. CPU time is taken at the ends
/// of the rounds' touching alone: mapping, unmapping and forking are left out, timer ticks and dispatches are not.
/// </summary>
internal sealed class FaultProgram : IProgram
{
    private const int Batch = 512;

    // A child that has been forked for its parent's copies sleeps longer than they take.
    private const long ChildSleepPs = 40_000_000_000;

    private readonly Machine _machine;
    private readonly FaultKind _kind;
    private readonly int _pages, _warmUpRounds, _rounds;
    private readonly MappedFile _file;
    private readonly MemoryAccess[] _batch = new MemoryAccess[Batch];
    private ulong _start;
    private int _round, _page, _done = Batch;
    private long _faultsBefore;
    private long _eventsBefore, _bytesBefore;
    private double _threadBefore, _allBefore;
    private readonly List<double> _speeds;
    private bool _touching, _prepared;

    public FaultProgram(Machine machine, FaultKind kind, int pages, int warmUpRounds, int rounds)
    {
        _machine = machine;
        _kind = kind;
        _pages = pages;
        _warmUpRounds = warmUpRounds;
        _rounds = rounds;
        _speeds = new List<double>(rounds);
        _file = kind is FaultKind.FileRead or FaultKind.FileCopy ? new MappedFile(machine.Journal.Intern("/data")) : MappedFile.None;
    }

    /// <summary>Faults taken in the rounds measured.</summary>
    public long Faults { get; private set; }

    /// <summary>Events logged meanwhile.</summary>
    public long Events { get; private set; }

    /// <summary>Bytes allocated meanwhile by the simulating thread.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Faults a second of CPU time of the simulating thread, of the round of median speed.</summary>
    public double MedianSpeed => _speeds.Order().ElementAt(_speeds.Count / 2);

    /// <summary>CPU time of all threads meanwhile.</summary>
    public double AllSeconds { get; private set; }

    public ProgramStatus Step(TaskContext task)
    {
        while (!task.IsOver)
        {
            if (_start == 0)
            {
                if (_round == _warmUpRounds + _rounds)
                {
                    return ProgramStatus.Exited;
                }
                Map(task);
            }
            if (!Touch(task))
            {
                break;
            }
            if (_kind == FaultKind.CopyAfterFork && !_prepared)
            {
                Check(_machine.Virtual.Tasks.Fork(task, new Sleeper()));
                _prepared = true;
                continue;
            }
            _prepared = false;
            Check(task.Calls.Munmap(task, _start, (ulong)_pages << 12));
            _start = 0;
            _round++;
        }
        return ProgramStatus.Running;
    }

    private void Map(TaskContext task)
    {
        bool isFile = _file.Symbol != 0;
        MapFlags flags = MapFlags.Private | (isFile ? 0 : MapFlags.Anonymous | MapFlags.NoReserve);
        _start = (ulong)Check(task.Calls.Mmap(task, 0, (ulong)_pages << 12, ProtFlags.Read | ProtFlags.Write, flags, _file));
    }

    /// <summary>Accesses page by page; true when all have been accessed.</summary>
    private bool Touch(TaskContext task)
    {
        bool measured = _round >= _warmUpRounds && (_prepared || _kind != FaultKind.CopyAfterFork);
        if (measured && !_touching)
        {
            _touching = true;
            _faultsBefore = FaultsOf(task.Pid);
            _eventsBefore = _machine.Journal.NextSequence;
            _bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            (_threadBefore, _allBefore) = (ThreadCpu.Seconds, ThreadCpu.OfAllThreads);
        }
        while (!task.IsOver)
        {
            if (_done == Batch)
            {
                if (_page == _pages)
                {
                    break;
                }
                AccessKind kind = _kind is FaultKind.AnonymousRead or FaultKind.FileRead ? AccessKind.Load : AccessKind.Store;
                for (int i = 0; i < Batch; i++)
                {
                    _batch[i] = new MemoryAccess(_start + ((ulong)(_page + i) << 12), 8, kind);
                }
                _page += Batch;
                _done = 0;
            }
            _done += task.Run(_batch.AsSpan(_done));
        }
        if (_page < _pages || _done < Batch)
        {
            return false;
        }
        _page = 0;
        if (_touching)
        {
            _touching = false;
            double thread = ThreadCpu.Seconds - _threadBefore;
            AllSeconds += ThreadCpu.OfAllThreads - _allBefore;
            AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - _bytesBefore;
            Events += _machine.Journal.NextSequence - _eventsBefore;
            long faults = FaultsOf(task.Pid) - _faultsBefore;
            Faults += faults;
            _speeds.Add(faults / thread);
        }
        return true;
    }

    private long FaultsOf(int pid)
    {
        FaultCounts counts = _machine.State.Virtual.Spaces.Faults(pid);
        return counts.Minor + counts.Major;
    }

    private static long Check(long result) => result is < 0 and > -4096 ? throw new InvalidOperationException($"errno {-result}") : result;

    /// <summary>A child that lives for its parent's pages to be shared.</summary>
    private sealed class Sleeper : IProgram
    {
        private bool _slept;

        public ProgramStatus Step(TaskContext task)
        {
            if (_slept)
            {
                return ProgramStatus.Exited;
            }
            _slept = true;
            task.SleepPs = ChildSleepPs;
            return ProgramStatus.Sleeping;
        }
    }
}
