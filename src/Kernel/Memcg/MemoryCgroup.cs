using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Oom;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Memcg;

/// <summary>
/// Charges pages to the cgroup: at the limit its own pages are reclaimed first, and when that is in vain one of its processes is killed
/// (<c>try_charge_memcg</c>, <c>mem_cgroup_oom</c> of mm/memcontrol.c, Linux 6.1). Nothing sleeps on a call stack: a charge that has to
/// wait for pages being written is made again when some are. Execution state.
/// </summary>
internal sealed class MemoryCgroup
{
    private const int MaxReclaimRetries = 16;

    private readonly MemcgState _state;
    private readonly ReclaimState _reclaim;
    private readonly IGroupReclaim _pages;
    private readonly OomKiller _oom;
    private readonly Journal _journal;
    private readonly List<int> _waiters = [];
    private readonly int _wakeAfterPages;
    private int _written;

    public MemoryCgroup(ReclaimState reclaim, IGroupReclaim pages, OomKiller oom, Journal journal, MemcgOptions options)
    {
        _wakeAfterPages = options.ReclaimPages;
        _state = reclaim.Memcg!;
        _reclaim = reclaim;
        _pages = pages;
        _oom = oom;
        _journal = journal;
    }

    /// <summary>Wakes a task that waits for room; set when the tasks are there.</summary>
    public Action<int, long>? Wake { get; set; }

    /// <summary>Makes room for a page below the limit.</summary>
    /// <param name="gfp">Flags of the request.</param>
    /// <param name="waiter">Task that can make the request again; 0 for none.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Event that led here.</param>
    /// <returns>0; -1 when there is none to be had; <see cref="PageAllocator.Blocked"/> when the task is to sleep.</returns>
    public long MakeRoom(GfpFlags gfp, int waiter, CpuClock cpu, long cause)
    {
        int retries = MaxReclaimRetries;
        while (_state.Pages >= _state.MaxPages)
        {
            var max = new MemcgMax(_state.Pages);
            EventHeader header = _journal.Emit(in max, cause);
            _state.Apply(in max, in header);
            long freed = _pages.Reclaim(cpu, header.Sequence);
            if (_state.Pages < _state.MaxPages)
            {
                break;
            }
            if ((gfp & GfpFlags.NoRetry) != 0)
            {
                return -1;
            }
            if (freed > 0)
            {
                continue;
            }
            if (_reclaim.Writeback > 0 || _reclaim.Files.Dirty > 0)
            {
                if (waiter <= 0)
                {
                    // The kernel would sleep here; a request that cannot be made again goes beyond the limit.
                    return 0;
                }
                _waiters.Add(waiter);
                return PageAllocator.Blocked;
            }
            if (retries-- == 0)
            {
                return waiter > 0 ? OutOfMemory(gfp, waiter, cpu, cause) : 0;
            }
        }
        return 0;
    }

    /// <summary>Charges a page that there is room for.</summary>
    public void Charge(long pfn, long cause)
    {
        var e = new MemcgCharge(pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>A page was written: whoever waits finds room when a batch of them is clean.</summary>
    public void PageWritten(long cause)
    {
        if (++_written >= _wakeAfterPages || _reclaim.Writeback == 0)
        {
            _written = 0;
            MemoryFreed(cause);
        }
    }

    /// <summary>A process has given back its memory.</summary>
    public void MemoryFreed(long cause)
    {
        foreach (int pid in _waiters)
        {
            Wake?.Invoke(pid, cause);
        }
        _waiters.Clear();
    }

    private long OutOfMemory(GfpFlags gfp, int asker, CpuClock cpu, long cause)
    {
        var e = new MemcgOom(_state.Pages);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        if (_oom.OutOfMemory(0, gfp, asker, cpu, header.Sequence) != OutOfMemoryAnswer.Wait)
        {
            return -1;
        }
        _waiters.Add(asker);
        return PageAllocator.Blocked;
    }
}

/// <summary>Reclaims pages of the cgroup.</summary>
internal interface IGroupReclaim
{
    /// <summary>Frees pages, or has them written so that they can be freed.</summary>
    /// <returns>How many were freed.</returns>
    long Reclaim(CpuClock cpu, long cause);
}
