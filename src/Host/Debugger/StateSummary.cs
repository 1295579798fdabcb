using Sim.Engine.Events;
using Sim.Host.Provenance;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>One figure of the memory, by the kernel's name for it.</summary>
/// <param name="Section">What it belongs to: zones, tasks, slab caches, vmstat.</param>
/// <param name="Subject">Which zone, task or cache; empty where there is one of them only.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct Fact(string Section, string Subject, string Name);

/// <summary>What is kept of the memory at a moment, to be compared with another: a few bytes a frame, and the figures.</summary>
internal sealed class StateSummary
{
    public const string Zones = "zones", Tasks = "tasks", Caches = "slab caches", VmStats = "vmstat";

    /// <summary>Looks at the state at a timeline's position.</summary>
    public StateSummary(RunMoment at)
    {
        MachineState state = at.Timeline.State.State;
        (Sequence, TimePs) = (at.Timeline.Position, at.Timeline.TimePs);
        Frames = new FrameSummary(state.Memory.Pages);
        AddZones(state.Memory.Pages);
        AddTasks(state.Virtual, at.Timeline.Symbols);
        AddCaches(state.Memory.Slab, at.Timeline.Symbols);
        foreach ((string name, long value) in VmStat.Rows(state))
        {
            Facts[new Fact(VmStats, "", name)] = value;
        }
    }

    /// <summary>The last event applied.</summary>
    public long Sequence { get; }

    /// <summary>When, in picoseconds.</summary>
    public long TimePs { get; }

    /// <summary>Every frame.</summary>
    public FrameSummary Frames { get; }

    /// <summary>Figures, numbers and words, in the order in which they are shown.</summary>
    public Dictionary<Fact, object> Facts { get; } = [];

    /// <summary>Areas by process.</summary>
    public SortedDictionary<int, AreaMoment[]> Areas { get; } = [];

    private void AddZones(PageAllocatorState pages)
    {
        foreach (Zone zone in pages.Zones.Where(z => z.IsPopulated))
        {
            string name = ZoneTypes.Name(zone.Type);
            void Add(string fact, long value) => Facts[new Fact(Zones, name, fact)] = value;
            Add("nr_free_pages", zone.FreePages);
            Add("managed", zone.ManagedPages);
            Add("min", zone.Watermark(Watermark.Min));
            Add("low", zone.Watermark(Watermark.Low));
            Add("high", zone.Watermark(Watermark.High));
            Add("boost", zone.WatermarkBoost);
            Add("pages on per-CPU lists", zone.PerCpu.Sum(p => (long)p.Count));
            for (int order = 0; order < PageOrder.Count; order++)
            {
                Add($"nr_free of order {order}", zone.FreeBlocks(order));
            }
        }
        for (int order = 0; order < PageOrder.Count; order++)
        {
            Facts[new Fact("allocation failures", "", $"order {order}")] = pages.Failures.OfOrder(order);
        }
    }

    private void AddTasks(VirtualMemoryState memory, SymbolTable symbols)
    {
        int maxPid = Math.Max(memory.Tasks.MaxPid, memory.Spaces.MaxPid);
        foreach (int pid in Enumerable.Range(0, maxPid + 1).Union(memory.Tasks.Pids))
        {
            TaskInfo task = memory.Tasks[pid];
            string name = $"pid {pid}{(task.State == TaskState.None ? "" : $" ({symbols[task.Comm]})")}";
            if (task.State != TaskState.None)
            {
                Facts[new Fact(Tasks, name, "state")] = task.State.ToString().ToLowerInvariant();
            }
            if (memory.Spaces.Find(pid) is { } space)
            {
                Facts[new Fact(Tasks, name, "total_vm")] = space.TotalVm;
                Facts[new Fact(Tasks, name, "rss")] = space.Rss;
                Facts[new Fact(Tasks, name, "areas")] = (long)space.Areas.Count;
                Areas[pid] = [.. AreaMoment.All(memory.Spaces, space)];
            }
        }
    }

    private void AddCaches(SlabState slab, SymbolTable symbols)
    {
        foreach (SlabCache cache in slab.Caches)
        {
            string name = symbols[cache.Name];
            Facts[new Fact(Caches, name, "active_objs")] = cache.ActiveObjects;
            Facts[new Fact(Caches, name, "num_objs")] = cache.Objects;
            Facts[new Fact(Caches, name, "num_slabs")] = (long)cache.Slabs;
        }
    }
}
