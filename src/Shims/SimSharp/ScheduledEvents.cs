namespace SimSharp;

/// <summary>
/// Pending events as a binary heap, ordered by time, then by priority (lower first), then by the order of insertion. As no two keys are
/// equal, events come out in one order whatever the heap looks like inside.
/// </summary>
internal sealed class ScheduledEvents
{
    private const int InitialCapacity = 1024;

    private Node[] heap = new Node[InitialCapacity];
    private long insertions;

    internal int Count { get; private set; }

    /// <summary>The instant of the first event; there must be one.</summary>
    internal DateTime FirstTime => heap[0].Time;

    internal void Add(DateTime time, int priority, Event @event) => Insert(new Node(time, priority, insertions++, @event));

    /// <summary>Adds an event before all others of its instant and priority.</summary>
    internal void AddFirst(DateTime time, int priority, Event @event) => Insert(new Node(time, priority, -1, @event));

    /// <summary>Removes the first event; there must be one.</summary>
    internal Event RemoveFirst(out DateTime time)
    {
        Node first = heap[0];
        Node last = heap[--Count];
        heap[Count] = default;
        if (Count > 0)
        {
            SiftDown(last);
        }

        time = first.Time;
        return first.Event;
    }

    private void Insert(in Node node)
    {
        if (Count == heap.Length)
        {
            Array.Resize(ref heap, 2 * heap.Length);
        }

        int hole = Count++;
        while (hole > 0)
        {
            int parent = (hole - 1) / 2;
            if (!node.Precedes(heap[parent]))
            {
                break;
            }

            heap[hole] = heap[parent];
            hole = parent;
        }

        heap[hole] = node;
    }

    private void SiftDown(in Node node)
    {
        int hole = 0;
        while (true)
        {
            int child = (2 * hole) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && heap[child + 1].Precedes(heap[child]))
            {
                child++;
            }

            if (!heap[child].Precedes(node))
            {
                break;
            }

            heap[hole] = heap[child];
            hole = child;
        }

        heap[hole] = node;
    }

    private readonly record struct Node(DateTime Time, int Priority, long Insertion, Event Event)
    {
        internal bool Precedes(in Node other)
        {
            if (Time != other.Time)
            {
                return Time < other.Time;
            }

            return Priority != other.Priority ? Priority < other.Priority : Insertion < other.Insertion;
        }
    }
}
