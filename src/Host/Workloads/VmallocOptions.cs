using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Buffers of the kernel, some from kmalloc and some from vmalloc, that are read and given back: what each way costs.</summary>
public sealed record VmallocOptions : WorkloadOptions
{
    [Setting("Tasks that ask for buffers, on the CPUs in turn.", Min = 1, Max = 8)]
    public int Tasks { get; init; } = 2;

    [Setting("Sizes of buffers, in bytes, and their weights.", MinItems = 1, MaxItems = 64)]
    public IReadOnlyList<KmallocSize> Sizes { get; init; } =
        [new() { Bytes = 6_000, Weight = 8 }, new() { Bytes = 20_000, Weight = 8 }, new() { Bytes = 70_000, Weight = 6 }, new() { Bytes = 300_000, Weight = 4 }, new() { Bytes = 1_200_000, Weight = 2 }];

    [Setting("Buffers asked of kmalloc, drawn one by one, in percent; the others are vmalloc's.", Min = 0, Max = 100)]
    public int KmallocPercent { get; init; } = 50;

    [Setting("Mean simulated time between two requests of a task; exponential.", Min = 1, Max = 1_000_000_000_000_000)]
    public SimTime Every { get; init; } = SimTime.FromUs(100);

    [Setting("Lifetime of buffers.")]
    public Lifetime Lifetime { get; init; } = new() { Mean = SimTime.FromMs(3) };

    [Setting("Reads of a new buffer, one line each, at random places.", Min = 0, Max = 1 << 16)]
    public int Reads { get; init; } = 128;

    [Setting("Pages of high memory, where there is any, that a task maps with each request (kmap, kmap_local_page).", Min = 0, Max = 64)]
    public int HighPages { get; init; } = 4;

    [Setting("Free low memory that is taken page by page at the start, every other page of which is given back, in percent: nothing large is left in one piece.", Min = 0, Max = 99)]
    public int FragmentPercent { get; init; }

    [Setting("Simulated length of the phase once memory is ready. Buffers do not outlive it.", Min = 1)]
    public SimTime Duration { get; init; } = SimTime.FromMs(50);
}
