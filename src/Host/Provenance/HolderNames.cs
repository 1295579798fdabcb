using System.Globalization;
using Sim.Engine.Events;
using Sim.Host.Runs;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tasks;

namespace Sim.Host.Provenance;

/// <summary>Names of those for whom frames are allocated: tasks, recorded tasks, users inside the kernel.</summary>
internal sealed class HolderNames : IApply<RecordedTask>
{
    private readonly Dictionary<int, int> _recorded = [];
    private Timeline? _timeline;

    /// <summary>Where the names come from; before it is set there are none.</summary>
    public void Use(Timeline timeline) => _timeline = timeline;

    /// <summary>Notes a recorded task's name.</summary>
    public void Apply(in RecordedTask e, in EventHeader header) => _recorded[e.Pid] = e.Comm;

    /// <summary>The name of an owner.</summary>
    public string Of(int owner)
    {
        if (owner > 0)
        {
            string comm = Comm(owner);
            return string.Create(CultureInfo.InvariantCulture, $"pid {owner}{(comm.Length > 0 ? $" ({comm})" : "")}");
        }
        if (owner == 0)
        {
            return "the kernel";
        }
        if (_timeline is { } timeline && timeline.State.State.Memory.Slab.Caches is { } caches
            && KernelUser.SlabCache(0) - owner is >= 0 and int cache && cache < caches.Count)
        {
            return $"slab cache {timeline.Symbols[caches[cache].Name]}";
        }
        return owner switch
        {
            KernelUser.PageCache => "the page cache",
            KernelUser.LargeKmalloc => "a large kmalloc",
            KernelUser.BeforeStart => "somebody unknown, since before the recording",
            KernelUser.Compaction => "compaction, which has put it aside",
            KernelUser.Hugetlb => "the pool of huge pages",
            KernelUser.HugeZeroPage => "the huge zero page",
            KernelUser.VmallocTables => "page tables of the vmalloc area",
            _ => string.Create(CultureInfo.InvariantCulture, $"kernel user {owner}"),
        };
    }

    private string Comm(int pid)
    {
        if (_timeline is null)
        {
            return "";
        }
        TaskInfo task = _timeline.State.State.Virtual.Tasks[pid];
        return task.State != TaskState.None ? _timeline.Symbols[task.Comm]
            : _recorded.TryGetValue(pid, out int comm) ? _timeline.Symbols[comm]
            : "";
    }
}
