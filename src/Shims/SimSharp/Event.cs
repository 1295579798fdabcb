namespace SimSharp;

/// <summary>Something that happens once, at an instant of a <see cref="Simulation"/>, and then calls back whoever asked for it.</summary>
public class Event
{
    /// <summary>An event of <paramref name="environment"/> that is not scheduled yet.</summary>
    public Event(Simulation environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        Environment = environment;
        CallbackList = [];
    }

    /// <summary>What the event was triggered with.</summary>
    public object? Value { get; protected set; }

    /// <summary>Whether it was triggered by <see cref="Succeed"/>, not by <see cref="Fail"/>.</summary>
    public bool IsOk { get; protected set; }

    /// <summary>Whether it was neither triggered nor processed.</summary>
    public bool IsAlive => !IsTriggered && !IsProcessed;

    /// <summary>Whether its callbacks have run, or are running.</summary>
    public bool IsProcessed { get; protected set; }

    /// <summary>Whether <see cref="Succeed"/> or <see cref="Fail"/> has scheduled it.</summary>
    public bool IsTriggered { get; protected set; }

    /// <summary>The simulation that the event belongs to.</summary>
    protected internal Simulation Environment { get; }

    /// <summary>What to call when the event is processed, in this order; gone after that.</summary>
    protected List<Action<Event>> CallbackList { get; set; }

    /// <summary>Schedules the event at the present instant, as a success. Its callbacks run when its turn comes, not at once.</summary>
    /// <exception cref="InvalidOperationException">The event has been triggered before.</exception>
    public virtual void Succeed(object? value = null, int priority = 0) => Trigger(isOk: true, value, priority);

    /// <summary>Schedules the event at the present instant, as a failure. Its callbacks run when its turn comes, not at once.</summary>
    /// <exception cref="InvalidOperationException">The event has been triggered before.</exception>
    public virtual void Fail(object? value = null, int priority = 0) => Trigger(isOk: false, value, priority);

    /// <summary>Adds a callback behind those there are.</summary>
    /// <exception cref="InvalidOperationException">The event has been processed.</exception>
    public virtual void AddCallback(Action<Event> callback)
    {
        RefuseIfProcessed();
        CallbackList.Add(callback);
    }

    /// <summary>Removes a callback, if it is there.</summary>
    /// <exception cref="InvalidOperationException">The event has been processed.</exception>
    public virtual void RemoveCallback(Action<Event> callback)
    {
        RefuseIfProcessed();
        CallbackList.Remove(callback);
    }

    /// <summary>Runs the callbacks. The simulation calls this when the event's turn comes.</summary>
    /// <exception cref="InvalidOperationException">The event has been processed before.</exception>
    public virtual void Process()
    {
        RefuseIfProcessed();
        IsProcessed = true;
        List<Action<Event>> callbacks = CallbackList;
        for (int i = 0; i < callbacks.Count; i++)
        {
            callbacks[i](this);
        }

        CallbackList = [];
    }

    private void Trigger(bool isOk, object? value, int priority)
    {
        if (IsTriggered)
        {
            throw new InvalidOperationException("The event has been triggered before: an event happens once.");
        }

        IsOk = isOk;
        Value = value;
        IsTriggered = true;
        Environment.Schedule(this, priority);
    }

    private void RefuseIfProcessed()
    {
        if (IsProcessed)
        {
            throw new InvalidOperationException("The event has been processed: an event happens once.");
        }
    }
}
