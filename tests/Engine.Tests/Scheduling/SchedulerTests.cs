using Sim.Engine.Scheduling;

namespace Sim.Engine.Tests.Scheduling;

public class SchedulerTests
{
    private sealed class Recorder(Scheduler scheduler) : IComponent
    {
        public List<(long TimePs, ushort Kind)> Seen { get; } = [];

        public void Handle(in Message message)
        {
            Seen.Add((scheduler.NowPs, message.Kind));
            if (message.Kind == 1)
            {
                scheduler.Schedule(scheduler.NowPs, message.Target, 2, cause: -1);
            }
        }
    }

    [Fact]
    public void WhenAMessageSchedulesAnotherForNow_ItRunsAfterThoseAlreadyDue()
    {
        var scheduler = new Scheduler(new TimingWheelEventQueue());
        var recorder = new Recorder(scheduler);
        ushort id = scheduler.Register(recorder);
        scheduler.Schedule(50, id, 1, cause: -1);
        scheduler.Schedule(50, id, 3, cause: -1);
        scheduler.Schedule(50, id, 4, cause: -1, priority: -1);
        while (scheduler.Step())
        {
        }
        Assert.Equal([(50, 4), (50, 1), (50, 3), (50, 2)], recorder.Seen);
    }

    [Fact]
    public void WhenTheBoundIsReached_LaterMessagesStayPending()
    {
        var scheduler = new Scheduler(new TimingWheelEventQueue());
        ushort id = scheduler.Register(new Recorder(scheduler));
        scheduler.Schedule(10, id, 0, cause: -1);
        scheduler.Schedule(11, id, 0, cause: -1);
        Assert.True(scheduler.Step(untilPs: 10));
        Assert.False(scheduler.Step(untilPs: 10));
        Assert.Equal(1, scheduler.Pending);
    }

    public static TheoryData<IEventQueue> Queues => [new TimingWheelEventQueue(), new SimSharpEventQueue()];

    [Theory]
    [MemberData(nameof(Queues), DisableDiscoveryEnumeration = true)]
    public void WhenAMessageIsForAfterTheEndOfTime_ItNeverComes(IEventQueue queue)
    {
        var scheduler = new Scheduler(queue);
        var recorder = new Recorder(scheduler);
        ushort id = scheduler.Register(recorder);
        long last = scheduler.EndPs - 1;
        scheduler.Schedule(last, id, 3, cause: -1);
        Assert.True(scheduler.Step(last));
        scheduler.Schedule(scheduler.NowPs + long.MaxValue, id, 4, cause: -1);
        scheduler.Schedule(long.MaxValue, id, 5, cause: -1);
        scheduler.Schedule(last + 1, id, 6, cause: -1);
        Assert.False(scheduler.Step(last));
        scheduler.Schedule(last, id, 7, cause: -1);
        Assert.True(scheduler.Step(last));
        Assert.False(scheduler.Step(last));
        Assert.Equal([(last, 3), (last, 7)], recorder.Seen);
        Assert.Equal(3, scheduler.Pending);
        Assert.Equal(3, queue.ToArray().Length);
    }

    [Fact]
    public void WhenAMessageIsForThePast_ItIsRefused()
    {
        var scheduler = new Scheduler(new TimingWheelEventQueue());
        ushort id = scheduler.Register(new Recorder(scheduler));
        scheduler.Schedule(10, id, 0, cause: -1);
        scheduler.Step();
        Assert.Throws<ArgumentOutOfRangeException>(() => scheduler.Schedule(9, id, 0, cause: -1));
    }
}
