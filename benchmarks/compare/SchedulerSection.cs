using Sim.Engine.Random;
using Sim.Engine.Scheduling;

namespace Sim.Compare;

/// <summary>The hold model at 10,000 pending: take the first message, put it back 1 to 1,000 ns later.</summary>
internal static class SchedulerSection
{
    private const int Pending = 10_000;
    private const int Messages = 20_000_000;

    public static IEnumerable<Figure> Run()
    {
        double limit = Limits.RunMillions("heap", @"pending=10000: ([\d.]+) M");
        double ours = Enumerable.Range(0, 3).Select(_ => Hold(new TimingWheelEventQueue())).Order().ElementAt(1);
        yield return new Figure("scheduler, 10,000 pending", "messages/CPU-s", ours, "heap.cpp", limit, 3);
    }

    private static double Hold(IEventQueue queue)
    {
        var scheduler = new Scheduler(queue);
        var holder = new Holder(scheduler);
        ushort id = scheduler.Register(holder);
        holder.Id = id;
        for (int i = 0; i < Pending; i++)
        {
            scheduler.Schedule((long)holder.Random.NextBelow(1000) * 1000, id, 0, cause: -1);
        }
        for (int i = 0; i < Messages / 10; i++)
        {
            scheduler.Step();
        }
        double start = ThreadCpu.Seconds;
        for (int i = 0; i < Messages; i++)
        {
            scheduler.Step();
        }
        return Messages / (ThreadCpu.Seconds - start);
    }

    private sealed class Holder(Scheduler scheduler) : IComponent
    {
        public RandomStream Random { get; } = new(42, "hold");

        public ushort Id { get; set; }

        public void Handle(in Message message) =>
            scheduler.Schedule(message.TimePs + (1 + (long)Random.NextBelow(1000)) * 1000, Id, 0, cause: -1);
    }
}
