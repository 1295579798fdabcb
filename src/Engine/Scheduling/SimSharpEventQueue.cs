using SimSharp;
using Sim.Engine.Snapshots;

namespace Sim.Engine.Scheduling;

/// <summary>
/// Hands time and order to <see cref="Simulation"/>: one SimSharp event per distinct instant, whose messages are kept in
/// their total order here, because SimSharp 3.4.2 does not keep ties FIFO once more than 1,024 events are pending.
/// One SimSharp tick (100 ns of its clock) stands for one picosecond, so a run ends at 36 days of simulated time.
/// </summary>
[NotInSnapshot]
public sealed class SimSharpEventQueue : IEventQueue, ISnapshotState
{
    private Simulation _simulation = new(DateTime.MinValue, 0);
    private readonly Dictionary<long, Instant> _instants = [];
    private readonly Stack<Instant> _spare = [];
    private Instant? _current;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public long NextTimePs =>
        _current is { IsEmpty: false } ? _current.TimePs
        : _instants.Count > (_current is null ? 0 : 1) ? _simulation.Peek().Ticks : long.MaxValue;

    /// <inheritdoc/>
    public long EndPs => DateTime.MaxValue.Ticks;

    /// <inheritdoc/>
    public void Enqueue(in Message due)
    {
        Message message = due;
        message.TimePs = Math.Min(due.TimePs, EndPs);
        if (!_instants.TryGetValue(message.TimePs, out Instant? instant))
        {
            instant = _spare.TryPop(out Instant? spare) ? spare : new Instant();
            instant.TimePs = message.TimePs;
            _instants.Add(message.TimePs, instant);
            var timer = new Event(_simulation);
            timer.AddCallback(_ => _current = instant);
            _simulation.Schedule(TimeSpan.FromTicks(message.TimePs - _simulation.Now.Ticks), timer);
        }
        instant.Add(in message);
        Count++;
    }

    /// <inheritdoc/>
    public bool TryDequeue(long untilPs, out Message message)
    {
        if (NextTimePs > untilPs || Count == 0)
        {
            message = default;
            return false;
        }
        if (_current is null || _current.IsEmpty)
        {
            if (_current is not null)
            {
                _instants.Remove(_current.TimePs);
                _spare.Push(_current);
                _current = null;
            }
            _simulation.Step();
        }
        message = _current!.Take();
        Count--;
        return true;
    }

    /// <inheritdoc/>
    public Message[] ToArray()
    {
        var messages = new List<Message>(Count);
        foreach (Instant instant in _instants.Values)
        {
            instant.CopyTo(messages);
        }
        Message[] array = [.. messages];
        array.AsSpan().Sort(static (a, b) => Message.IsBefore(in a, in b) ? -1 : 1);
        return array;
    }

    /// <inheritdoc/>
    void ISnapshotState.Visit(StateVisitor visitor)
    {
        Message[] pending = visitor.IsLoading ? [] : ToArray();
        visitor.Value(ref pending);
        if (visitor.IsLoading)
        {
            _simulation = new Simulation(DateTime.MinValue, 0);
            _instants.Clear();
            _current = null;
            Count = 0;
            foreach (ref readonly Message message in pending.AsSpan())
            {
                Enqueue(in message);
            }
        }
    }

    /// <summary>The messages of one instant, by priority and sequence.</summary>
    private sealed class Instant
    {
        private readonly List<Message> _messages = [];
        private int _taken;

        public long TimePs { get; set; }

        public bool IsEmpty => _taken == _messages.Count;

        public void Add(in Message message)
        {
            int at = _messages.Count;
            while (at > _taken && Message.IsBefore(in message, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_messages)[at - 1]))
            {
                at--;
            }
            _messages.Insert(at, message);
        }

        public Message Take()
        {
            Message message = _messages[_taken++];
            if (IsEmpty)
            {
                _messages.Clear();
                _taken = 0;
            }
            return message;
        }

        public void CopyTo(List<Message> target) => target.AddRange(_messages.Skip(_taken));
    }
}
