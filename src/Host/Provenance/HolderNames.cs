using System.Globalization;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Index;
using Sim.Host.Runs;
using Sim.Kernel;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Provenance;

/// <summary>Names, at the moment a timeline stands at, of those for whom frames are allocated: tasks, recorded tasks, users inside the kernel.</summary>
/// <param name="timeline">Where it stands.</param>
/// <param name="log">The log, where recorded tasks get their names.</param>
/// <param name="index">Its index.</param>
/// <param name="users">Names of the users that a workload plays.</param>
internal sealed class HolderNames(Timeline timeline, LogReader log, RunIndex index, IReadOnlyDictionary<int, string> users) : IEventCondition
{
    private const string RecordedTask = "recorded.task";

    private readonly int _recordedTask = log.Header.Catalogue.FirstOrDefault(d => d.Name == RecordedTask)?.Kind ?? -1;
    private List<(long Sequence, int Pid, string Comm)>? _recorded;

    /// <summary>The name of the one who holds a frame.</summary>
    public string Of(in FrameMoment frame) => Of(frame.Owner, frame.Use == FrameUse.Slab);

    /// <summary>The name of an owner.</summary>
    /// <param name="owner">Its number.</param>
    /// <param name="isSlab">True when it is a slab cache if its number is that of one; false when a workload's user goes before.</param>
    public string Of(int owner, bool isSlab)
    {
        if (!isSlab && users.TryGetValue(owner, out string? user))
        {
            return user;
        }
        if (owner > 0)
        {
            string comm = Comm(owner);
            return string.Create(CultureInfo.InvariantCulture, $"pid {owner}{(comm.Length > 0 ? $" ({comm})" : "")}");
        }
        if (owner == 0)
        {
            return "the kernel";
        }
        if (timeline.State.State.Memory.Slab.Caches is { } caches
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
            KernelUser.Zram => "compressed memory",
            KernelUser.Vmalloc => "vmalloc",
            KernelUser.VmallocTables => "page tables of the vmalloc area",
            _ => string.Create(CultureInfo.InvariantCulture, $"kernel user {owner}"),
        };
    }

    /// <summary>Reads the names of recorded tasks. Needed before names are asked for in the middle of a fold, which reads the log itself.</summary>
    public void Load() => _recorded ??= ReadRecorded();

    bool IEventCondition.Matches(EventCursor e) => e.Descriptor.Kind == _recordedTask;

    bool IEventCondition.MayMatch(in BlockSummary block) => block.HasKind(_recordedTask);

    private string Comm(int pid)
    {
        TaskInfo task = timeline.State.State.Virtual.Tasks[pid];
        if (task.State != TaskState.None)
        {
            return timeline.Symbols[task.Comm];
        }
        Load();
        return _recorded!.FindLast(r => r.Pid == pid && r.Sequence <= timeline.Position).Comm ?? "";
    }

    // A snapshot has no names of recorded tasks: they are nothing to the simulated kernel.
    private List<(long, int, string)> ReadRecorded()
    {
        var recorded = new List<(long, int, string)>();
        if (_recordedTask < 0)
        {
            return recorded;
        }
        var search = new EventSearch(log, index);
        foreach (long at in search.Each(this, 0, log.LastSequence, CancellationToken.None))
        {
            ReadOnlySpan<long> values = search.Cursor.Values;
            recorded.Add((at, (int)values[0], search.Cursor.Symbol(values[1])));
        }
        return recorded;
    }
}
