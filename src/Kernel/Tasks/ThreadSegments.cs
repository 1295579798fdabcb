using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>A word of what a task keeps of segmentation while no CPU runs it (<c>thread_struct</c>).</summary>
public enum ThreadSegment : byte
{
    /// <summary>First descriptor of thread-local storage (<c>tls_array</c>).</summary>
    Tls0 = 0,
    Tls1 = 1,
    Tls2 = 2,

    /// <summary>Selector in DS.</summary>
    Ds = 3,
    Es = 4,
    Fs = 5,
    Gs = 6,

    /// <summary>Base of FS in long mode (<c>fsbase</c>).</summary>
    FsBase = 7,
    GsBase = 8,
}

/// <summary>What a task keeps of segmentation changed.</summary>
/// <param name="Pid">The task.</param>
/// <param name="ThreadWord">Which part.</param>
/// <param name="ThreadValue">A descriptor, a selector or an address.</param>
[Event(248, "task.segment")]
public readonly partial record struct TaskSegment(
    [Unit("pid")] int Pid,
    ThreadSegment ThreadWord,
    [Unit("hex")] long ThreadValue);

/// <summary>Thread-local descriptors, selectors and bases of tasks that no CPU runs. Sourced state.</summary>
/// <param name="initialData">Selector that DS and ES of a new program hold.</param>
public sealed class ThreadSegments(ushort initialData) : IApply<TaskSegment>
{
    /// <summary>Words for each task.</summary>
    public const int Words = 9;

    private long[] _words = [];

    /// <summary>A word of a task; of pid 0, which runs on idle CPUs, what a program starts with.</summary>
    public long this[int pid, ThreadSegment word]
    {
        get
        {
            int at = pid * Words + (int)word;
            return Initial(word) ^ (at < _words.Length ? _words[at] : 0);
        }
    }

    /// <summary>What a program starts with.</summary>
    public long Initial(ThreadSegment word) => word is ThreadSegment.Ds or ThreadSegment.Es ? initialData : 0;

    public void Apply(in TaskSegment e, in EventHeader header)
    {
        if ((e.Pid + 1) * Words > _words.Length)
        {
            Array.Resize(ref _words, (e.Pid + 1) * Words * 2);
        }
        // Kept as the difference to the start, so that new tasks need no event.
        _words[e.Pid * Words + (int)e.ThreadWord] = e.ThreadValue ^ Initial(e.ThreadWord);
    }

    /// <summary>Appends what differs from the start.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            if (_words[i] != 0)
            {
                hash.Add(i);
                hash.Add(_words[i]);
            }
        }
    }
}
