using Sim.Engine.Random;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Tests.Scheduling;

/// <summary>Invariant: every queue gives the one total order (time, priority, sequence), whatever is asked of it.</summary>
public class EventQueueTests
{
    public static TheoryData<string> Queues => ["wheel", "simsharp"];

    private static IEventQueue Create(string name) => name == "wheel" ? new TimingWheelEventQueue() : new SimSharpEventQueue();

    [Theory]
    [MemberData(nameof(Queues))]
    public void WhenManyMessagesAreDueAtFewInstants_TheyLeaveInTheOrderTheyCame(string name)
    {
        IEventQueue queue = Create(name);
        var random = new RandomStream(7, "ties");
        for (long i = 0; i < 5_000; i++)
        {
            queue.Enqueue(new Message { TimePs = (long)random.NextBelow(7) * 1_000_000, Sequence = i });
        }
        Message last = default;
        for (int i = 0; i < 5_000; i++)
        {
            Assert.True(queue.TryDequeue(long.MaxValue, out Message message));
            Assert.True(i == 0 || Message.IsBefore(in last, in message));
            last = message;
        }
        Assert.False(queue.TryDequeue(long.MaxValue, out _));
        Assert.Equal(long.MaxValue, queue.NextTimePs);
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void WhenMessagesComeAndGoAtRandom_TheOrderIsThatOfASortedSet(string name)
    {
        for (ulong seed = 0; seed < 60; seed++)
        {
            IEventQueue queue = Create(name);
            var model = new SortedSet<Message>(Comparer<Message>.Create(
                (a, b) => a.Sequence == b.Sequence ? 0 : Message.IsBefore(in a, in b) ? -1 : 1));
            var random = new RandomStream(seed, "queue");
            long now = 0, sequence = 0;
            int spread = (int)random.NextBelow(44);
            for (int step = 0; step < 2_000; step++)
            {
                if (random.NextChance(11, 20))
                {
                    long delay = random.NextChance(1, 8) ? 0 : (long)random.NextBelow(1UL << (int)random.NextBelow((ulong)spread + 1));
                    var message = new Message
                    {
                        TimePs = now + delay,
                        Priority = (int)random.NextBelow(3) - 1,
                        Sequence = sequence++,
                        A = step,
                    };
                    queue.Enqueue(in message);
                    model.Add(message);
                }
                else if (queue.TryDequeue(long.MaxValue, out Message got))
                {
                    Message expected = model.Min;
                    Assert.True(expected.Sequence == got.Sequence && expected.A == got.A, $"seed {seed}, step {step}");
                    model.Remove(expected);
                    now = got.TimePs;
                }
                Assert.Equal(model.Count, queue.Count);
                if (random.NextChance(1, 16))
                {
                    Assert.Equal(model.Count == 0 ? long.MaxValue : model.Min.TimePs, queue.NextTimePs);
                }
            }
            Assert.Equal(model.Select(m => m.Sequence), queue.ToArray().Select(m => m.Sequence));
        }
    }

    [Fact]
    public void WhenTheWheelHasGrown_AMessageCostsNoAllocation()
    {
        var queue = new TimingWheelEventQueue();
        var random = new RandomStream(1, "hold");
        long sequence = 0;
        for (int i = 0; i < 3_000; i++)
        {
            queue.Enqueue(new Message { TimePs = (long)random.NextBelow(1_000_000_000), Sequence = sequence++ });
        }
        Hold(20_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Hold(200_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Hold(int times)
        {
            for (int i = 0; i < times; i++)
            {
                queue.TryDequeue(long.MaxValue, out Message message);
                message.TimePs += 1 + (long)random.NextBelow(1_000_000_000);
                message.Sequence = sequence++;
                queue.Enqueue(in message);
            }
        }
    }
}
