using Sim.Engine.Events;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Oom;

/// <summary>Who was killed for memory, and what the kernel said the last time. Sourced state.</summary>
public sealed class OomState : IApply<OomKilled>
{
    private readonly AddressSpaces _spaces;
    private readonly TaskTable _tasks;
    private readonly PageAllocatorState _pages;
    private readonly List<int> _victims = [];

    internal OomState(AddressSpaces spaces, TaskTable tasks, PageAllocatorState pages)
    {
        _spaces = spaces;
        _tasks = tasks;
        _pages = pages;
    }

    /// <summary>Processes killed so far, in order.</summary>
    public IReadOnlyList<int> Victims => _victims;

    /// <summary>The report of the last kill; null before the first.</summary>
    public OomReport? Last { get; private set; }

    /// <summary>True when the process was chosen and is to end.</summary>
    public bool IsVictim(int pid) => _victims.Count > 0 && _victims.Contains(pid);

    /// <summary>A victim that has not ended yet; 0 when there is none.</summary>
    public int Pending
    {
        get
        {
            int last = _victims.Count > 0 ? _victims[^1] : 0;
            return last != 0 && _spaces.Find(last) is not null ? last : 0;
        }
    }

    public void Apply(in OomKilled e, in EventHeader header)
    {
        _spaces.Reclaim!.Count(VmEvent.OomKill);
        Memcg.MemcgState? group = _spaces.Reclaim.Memcg?.CountKill() == true ? _spaces.Reclaim.Memcg : null;
        _victims.Add(e.Pid);
        Last = OomReport.Take(in e, in header, _spaces, _tasks, _pages, group);
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (int pid in _victims)
        {
            hash.Add(pid);
        }
        Last?.HashInto(ref hash);
    }
}
