namespace SimSharp;

/// <summary>
/// A clock that jumps from one scheduled event to the next. Events of one instant are processed by priority, lower first, and those of one
/// priority in the order in which they were scheduled, however many are pending.
/// </summary>
/// <remarks>Not for use by several threads at once. Time is a <see cref="DateTime"/>: its least step, a tick, is 100 ns by name.</remarks>
public class Simulation
{
    private readonly ScheduledEvents schedule = new();
    private bool stopRequested;

    /// <summary>A simulation that starts on 1970-01-01.</summary>
    public Simulation()
        : this(new DateTime(1970, 1, 1))
    {
    }

    /// <summary>A simulation that starts at <paramref name="initialDateTime"/>.</summary>
    /// <param name="initialDateTime">The first instant.</param>
    /// <param name="defaultStep">The unit of times given as plain numbers; no member here takes one.</param>
    public Simulation(DateTime initialDateTime, TimeSpan? defaultStep = null)
    {
        StartDate = initialDateTime;
        Now = initialDateTime;
    }

    /// <inheritdoc cref="Simulation(DateTime, TimeSpan?)"/>
    /// <param name="initialDateTime">The first instant.</param>
    /// <param name="randomSeed">The seed of the simulation's random numbers; no member here draws one.</param>
    /// <param name="defaultStep">The unit of times given as plain numbers; no member here takes one.</param>
    public Simulation(DateTime initialDateTime, int randomSeed, TimeSpan? defaultStep = null)
        : this(initialDateTime, defaultStep)
    {
    }

    /// <summary>The present instant: that of the event processed last.</summary>
    public virtual DateTime Now { get; protected set; }

    /// <summary>The first instant.</summary>
    public DateTime StartDate { get; protected set; }

    /// <summary>The number of events processed.</summary>
    public int ProcessedEvents { get; protected set; }

    /// <summary>Schedules an event at the present instant.</summary>
    public virtual void Schedule(Event @event, int priority = 0) => schedule.Add(Now, priority, @event);

    /// <summary>Schedules an event <paramref name="delay"/> from now.</summary>
    /// <exception cref="ArgumentException">The delay is negative.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The instant is beyond the end of the year 9999.</exception>
    public virtual void Schedule(TimeSpan delay, Event @event, int priority = 0)
    {
        if (delay < TimeSpan.Zero)
        {
            throw new ArgumentException($"A delay of {delay} lies in the past.", nameof(delay));
        }

        schedule.Add(Now + delay, priority, @event);
    }

    /// <summary>The instant of the next event, or <see cref="DateTime.MaxValue"/> if none is scheduled.</summary>
    public virtual DateTime Peek() => schedule.Count > 0 ? schedule.FirstTime : DateTime.MaxValue;

    /// <summary>Moves the clock to the next event and processes it.</summary>
    /// <exception cref="InvalidOperationException">No event is scheduled.</exception>
    public virtual void Step()
    {
        if (schedule.Count == 0)
        {
            throw new InvalidOperationException("No event is scheduled.");
        }

        Event next = schedule.RemoveFirst(out DateTime time);
        Now = time;
        next.Process();
        ProcessedEvents++;
    }

    /// <summary>Processes events until <paramref name="stopEvent"/> has been, or, without one, until none is left.</summary>
    /// <returns>The value of <paramref name="stopEvent"/>.</returns>
    /// <exception cref="InvalidOperationException">No event is left, and <paramref name="stopEvent"/> was not among them.</exception>
    public virtual object? Run(Event? stopEvent = null)
    {
        stopRequested = false;
        if (stopEvent is { IsProcessed: true })
        {
            return stopEvent.Value;
        }

        while (schedule.Count > 0 && !stopRequested)
        {
            Step();
            if (stopEvent is { IsProcessed: true })
            {
                // The event that ends a run is not counted.
                ProcessedEvents--;
                return stopEvent.Value;
            }
        }

        return stopEvent is null || stopRequested
            ? stopEvent?.Value
            : throw new InvalidOperationException("No event is left, and the one to stop at was not among them.");
    }

    /// <summary>Processes the events of the next <paramref name="span"/> of time.</summary>
    /// <inheritdoc cref="Run(DateTime)"/>
    public virtual object? Run(TimeSpan span) => Run(Now + span);

    /// <summary>
    /// Processes events up to an instant and leaves the clock there. Of the events of that very instant, those with a negative priority are
    /// processed and the others are left.
    /// </summary>
    /// <exception cref="InvalidOperationException">The instant is not in the future.</exception>
    public virtual object? Run(DateTime until)
    {
        if (until <= Now)
        {
            throw new InvalidOperationException($"The simulation is at {Now:O} and cannot run until {until:O}.");
        }

        Event stop = new(this);
        schedule.AddFirst(until, 0, stop);
        return Run(stop);
    }

    /// <summary>Ends the present run after the event that is being processed.</summary>
    public virtual void StopAsync() => stopRequested = true;
}
