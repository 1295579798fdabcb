using FsCheck;
using FsCheck.Fluent;
using SimSharp;

namespace Sim.Shims.Tests.SimSharp;

public sealed class SimulationTests
{
#if UPSTREAM_PACKAGES
    // SimSharp 3.4.2 loses the order of ties when its queue outgrows 1,024 events.
    private const int Pending = 1_000;
#else
    private const int Pending = 3_000;
#endif

    private static readonly DateTime Start = new(1970, 1, 1);

    [Fact]
    public void EventsComeByTimeThenPriorityThenOrderOfScheduling()
    {
        List<string> order = [];
        Simulation simulation = new(Start, randomSeed: 1);
        At(simulation, 20, "late", 0, order);
        At(simulation, 10, "second of its instant", 0, order);
        At(simulation, 10, "third of its instant", 0, order);
        At(simulation, 10, "first of its instant", -1, order);
        At(simulation, 0, "now", 5, order);

        simulation.Run();

        Assert.Equal(["now", "first of its instant", "second of its instant", "third of its instant", "late"], order);
        Assert.Equal(Start.AddTicks(20), simulation.Now);
        Assert.Equal(5, simulation.ProcessedEvents);
    }

    [Fact]
    public void ManyPendingEventsKeepTheirOrder() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        seed =>
        {
            // Few instants and priorities for many events, so that most of them tie.
            global::System.Random random = new(seed);
            Simulation simulation = new(Start);
            List<(long Ticks, int Priority, int Number)> scheduled = [];
            List<(long Ticks, int Priority, int Number)> processed = [];
            for (int number = 0; number < Pending; number++)
            {
                (long Ticks, int Priority, int Number) key = (random.Next(7), random.Next(-1, 2), number);
                scheduled.Add(key);
                Event @event = new(simulation);
                @event.AddCallback(_ => processed.Add(key));
                simulation.Schedule(new TimeSpan(key.Ticks), @event, key.Priority);
            }

            while (simulation.Peek() != DateTime.MaxValue)
            {
                Assert.Equal(simulation.Peek().Ticks - Start.Ticks, scheduled.Order().ElementAt(processed.Count).Ticks);
                for (int i = 0; i < 100 && simulation.Peek() != DateTime.MaxValue; i++)
                {
                    simulation.Step();
                }
            }

            return processed.SequenceEqual(scheduled.Order());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Fact]
    public void EventsScheduledWhileRunningAgreeWithASortedList() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        seed =>
        {
            global::System.Random random = new(seed);
            Simulation simulation = new(Start);
            SortedSet<(long Time, int Priority, int Number)> expected = [];
            int next = 0;
            bool agree = true;

            void Spawn()
            {
                (long Time, int Priority, int Number) key = (simulation.Now.Ticks + random.Next(4), random.Next(3), next++);
                expected.Add(key);
                Event @event = new(simulation);
                @event.AddCallback(_ =>
                {
                    agree &= expected.Min == key && simulation.Now.Ticks == key.Time;
                    expected.Remove(key);
                    for (int i = random.Next(3); i > 0 && next < 2_000; i--)
                    {
                        Spawn();
                    }
                });
                simulation.Schedule(new TimeSpan(key.Time - simulation.Now.Ticks), @event, key.Priority);
            }

            for (int i = 0; i < 50; i++)
            {
                Spawn();
            }

            simulation.Run();
            return agree && expected.Count == 0 && simulation.ProcessedEvents == next;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void RunUntilAnInstantLeavesItsOwnEventsThatAreNotUrgent()
    {
        List<string> order = [];
        Simulation simulation = new(Start);
        At(simulation, 9, "before", 0, order);
        At(simulation, 10, "at", 0, order);
        At(simulation, 10, "urgent at", -1, order);

        simulation.Run(Start.AddTicks(10));
        Assert.Equal(["before", "urgent at"], order);
        Assert.Equal(Start.AddTicks(10), simulation.Now);
        Assert.Equal(2, simulation.ProcessedEvents);

        simulation.Run(new TimeSpan(5));
        Assert.Equal(["before", "urgent at", "at"], order);
        Assert.Equal(Start.AddTicks(15), simulation.Now);
        Assert.Throws<InvalidOperationException>(() => simulation.Run(Start.AddTicks(15)));
    }

    [Fact]
    public void RunUntilAnEventReturnsItsValue()
    {
        Simulation simulation = new(Start);
        Event done = new(simulation);
        Event trigger = new(simulation);
        trigger.AddCallback(_ => done.Succeed("value"));
        simulation.Schedule(new TimeSpan(3), trigger);

        Assert.Equal("value", simulation.Run(done));
        Assert.Equal("value", simulation.Run(done));
        Assert.Throws<InvalidOperationException>(() => simulation.Run(new Event(simulation)));
    }

    [Fact]
    public void StopAsyncEndsTheRunAfterThePresentEvent()
    {
        List<string> order = [];
        Simulation simulation = new(Start);
        Event stopping = new(simulation);
        stopping.AddCallback(_ => simulation.StopAsync());
        simulation.Schedule(stopping);
        At(simulation, 1, "after", 0, order);

        simulation.Run();
        Assert.Empty(order);
        simulation.Run();
        Assert.Equal(["after"], order);
    }

    [Fact]
    public void AnEventHappensOnce()
    {
        List<int> calls = [];
        Simulation simulation = new(Start);
        Event @event = new(simulation);
        Action<Event> removed = _ => calls.Add(0);
        @event.AddCallback(_ => calls.Add(1));
        @event.AddCallback(removed);
        @event.AddCallback(_ => calls.Add(2));
        @event.RemoveCallback(removed);
        Assert.True(@event.IsAlive);

        @event.Succeed(7);
        Assert.True(@event is { IsTriggered: true, IsProcessed: false, IsOk: true });
        Assert.Empty(calls);
        Assert.Throws<InvalidOperationException>(() => @event.Succeed());

        simulation.Step();
        Assert.Equal([1, 2], calls);
        Assert.True(@event is { IsProcessed: true, Value: 7 });
        Assert.Throws<InvalidOperationException>(() => @event.AddCallback(_ => { }));
        Assert.Throws<InvalidOperationException>(@event.Process);
    }

    [Fact]
    public void AnEventIsProcessedBeforeItsCallbacksRun()
    {
        bool seen = false;
        Simulation simulation = new(Start);
        Event @event = new(simulation);
        @event.AddCallback(self => seen = self.IsProcessed);
        @event.Fail();
        simulation.Step();
        Assert.True(seen);
        Assert.False(@event.IsOk);
    }

    [Fact]
    public void ANegativeDelayIsRefused()
    {
        Simulation simulation = new(Start);
        Assert.Throws<ArgumentException>(() => simulation.Schedule(new TimeSpan(-1), new Event(simulation)));
        Assert.Equal(DateTime.MaxValue, simulation.Peek());
    }

    private static void At(Simulation simulation, long ticks, string name, int priority, List<string> order)
    {
        Event @event = new(simulation);
        @event.AddCallback(_ => order.Add(name));
        simulation.Schedule(new TimeSpan(ticks), @event, priority);
    }
}
