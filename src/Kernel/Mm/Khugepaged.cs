using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Mm;

/// <summary>
/// The thread that goes through the address spaces and makes huge pages of small ones: so many pages at a time, then it sleeps
/// (<c>khugepaged_do_scan</c>, <c>khugepaged_scan_mm_slot</c>, mm/khugepaged.c, Linux 6.1). Address spaces take turns by pid, where the
/// kernel has them in the order in which they got their first area that suits. Execution state.
/// </summary>
internal sealed class Khugepaged : IThreadWork, IComponent
{
    /// <summary>Nice value (<c>MAX_NICE</c>).</summary>
    private const int Nice = 19;

    private const long MillisecondPs = 1_000_000_000;

    private readonly AddressSpaces _spaces;
    private readonly HugePageCollapser _collapser;
    private readonly KhugepagedOptions _options;
    private readonly Action<CpuClock, long> _drainAll;
    private readonly bool _isOn, _always;
    private readonly Scheduler _scheduler;
    private readonly KernelThread _thread;
    private readonly ushort _id;
    private readonly ulong _blockBytes;
    private bool _armed, _scans, _waited;
    private int _pid, _progress, _turns;
    private ulong _address;

    public Khugepaged(
        AddressSpaces spaces, HugePageCollapser collapser, KernelOptions options, Action<CpuClock, long> drainAll, KernelThreads threads)
    {
        _spaces = spaces;
        _collapser = collapser;
        _options = options.Khugepaged;
        _always = options.TransparentHugePages == TransparentHugePages.Always;
        // Huge pages do not count against a cgroup's limit here, and tables of two levels have none.
        _isOn = options.TransparentHugePages != TransparentHugePages.Never && spaces.Tables.Mode.EntryBytes == 8 && options.Memcg.MaxPages == 0;
        _drainAll = drainAll;
        _scheduler = threads.Scheduler;
        _thread = threads.Make("khugepaged", this, 0, Nice);
        _id = _scheduler.Register(this);
        _blockBytes = 1UL << spaces.Tables.Mode.ShiftOf(1);
    }

    /// <inheritdoc/>
    public long Cause { get; private set; } = -1;

    /// <summary>There is an address space to look at: it begins at once if it has nothing else to do (<c>__khugepaged_enter</c>).</summary>
    public void Enter(CpuClock cpu, long cause)
    {
        if (_isOn && !_armed && !_scans)
        {
            WakeAt(Math.Max(cpu.TimePs, _scheduler.NowPs), cause);
        }
    }

    public void Handle(in Message message)
    {
        _armed = false;
        if (!_isOn)
        {
            // A branch has switched it off.
            _scans = false;
            return;
        }
        Cause = message.Cause;
        _thread.Wake(message.Cause);
    }

    public bool Work(CpuClock cpu, long untilPs)
    {
        if (!_scans)
        {
            (_scans, _waited, _progress, _turns) = (true, false, 0, 0);
            _drainAll(cpu, Cause);
        }
        do
        {
            if (_pid == 0 && ++_turns == 2)
            {
                return Sleep(cpu);
            }
            CollapseResult result = ScanSome(cpu, _options.PagesToScan - _progress);
            if (_progress >= _options.PagesToScan || (result == CollapseResult.AllocHugePageFail && _waited))
            {
                return Sleep(cpu);
            }
            if (result == CollapseResult.AllocHugePageFail)
            {
                _waited = true;
                WakeAt(cpu.TimePs + (_options.AllocSleepMs * MillisecondPs), Cause);
                return false;
            }
        }
        while (cpu.TimePs < untilPs);
        return true;
    }

    private bool Sleep(CpuClock cpu)
    {
        _scans = false;
        // Without address spaces it waits for the first one; and nothing changes on a machine where nothing else is going to happen.
        if (NextPid(0) != 0 && _scheduler.Pending > 0)
        {
            WakeAt(cpu.TimePs + (_options.ScanSleepMs * MillisecondPs), Cause);
        }
        return false;
    }

    private void WakeAt(long timePs, long cause)
    {
        _armed = true;
        _scheduler.Schedule(Math.Max(timePs, _scheduler.NowPs), _id, 0, cause);
    }

    /// <summary>Goes on in the present address space, to the first range that is collapsed or its end.</summary>
    private CollapseResult ScanSome(CpuClock cpu, int pages)
    {
        CollapseResult result = CollapseResult.Fail;
        if (_pid == 0 || _spaces.Find(_pid) is null)
        {
            (_pid, _address) = (NextPid(_pid), 0);
        }
        if (_pid == 0)
        {
            return result;
        }
        AddressSpace mm = _spaces[_pid];
        int before = _progress++;
        for (AreaCursor at = mm.Areas.Find(_address); mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            ref readonly VmArea area = ref _spaces.Areas[mm.Areas.Handle(at)];
            ulong end = area.VmEnd & ~(_blockBytes - 1);
            if (!Suits(in area) || _address > end)
            {
                _progress++;
                continue;
            }
            _address = Math.Max(_address, (area.VmStart + _blockBytes - 1) & ~(_blockBytes - 1));
            while (_address < end)
            {
                result = _collapser.Scan(mm, _address, cpu, Cause);
                _address += _blockBytes;
                _progress += _spaces.Tables.Mode.PagesPerLargePage;
                // The lock was let go of for it.
                if (result is CollapseResult.Succeed or CollapseResult.AllocHugePageFail || _progress - before >= pages)
                {
                    return result;
                }
            }
        }
        (_pid, _address) = (NextPid(_pid), 0);
        return result;
    }

    /// <summary>The next process with memory that suits; 0 behind the last.</summary>
    private int NextPid(int after)
    {
        for (int pid = after + 1; pid <= _spaces.MaxPid; pid++)
        {
            if (_spaces.Find(pid) is not null)
            {
                return pid;
            }
        }
        return 0;
    }

    /// <summary>Whether huge pages may be made in an area (<c>hugepage_vma_check</c> as khugepaged calls it).</summary>
    private bool Suits(in VmArea area)
    {
        ulong block = (area.VmEnd - _blockBytes) & ~(_blockBytes - 1);
        return area.VmFile == 0 && area.AnonVma != 0 && area.VmEnd >= _blockBytes && block >= area.VmStart
            && (area.VmFlags & (VmFlags.NoHugePage | VmFlags.Special)) == 0 && (_always || (area.VmFlags & VmFlags.HugePage) != 0);
    }
}
