using Sim.Engine.Random;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Support;

/// <summary>A seeded mix of requests and frees on all CPUs, as a test drives them.</summary>
internal sealed class Churn(TestKernel kernel, ulong seed, int slots)
{
    private static readonly GfpFlags[] Kinds =
        [GfpFlags.Kernel, GfpFlags.HighUserMovable, GfpFlags.HighUserMovable, GfpFlags.Kernel | GfpFlags.Reclaimable, GfpFlags.Atomic, GfpFlags.Kernel | GfpFlags.Dma];

    private readonly RandomStream _random = new(seed, "churn");
    private readonly (long Pfn, int Order)[] _slots = [.. Enumerable.Repeat((-1L, 0), slots)];

    public int Failures { get; private set; }

    public void Run(int operations, int maxOrder = PageOrder.Max)
    {
        for (int i = 0; i < operations; i++)
        {
            Step(maxOrder);
        }
    }

    public void Step(int maxOrder)
    {
        ulong draw = _random.NextUInt64();
        ref (long Pfn, int Order) slot = ref _slots[(int)(draw % (ulong)_slots.Length)];
        var cpu = kernel.Cpus[(int)((draw >> 40) % (ulong)kernel.Cpus.Length)];
        if (slot.Pfn >= 0)
        {
            kernel.Allocator.FreePages(slot.Pfn, slot.Order, cpu, -1);
            slot.Pfn = -1;
            return;
        }
        int size = (int)((draw >> 32) % 64);
        int order = size < 40 ? 0 : Math.Min(size % (PageOrder.Max + 1), maxOrder);
        GfpFlags gfp = Kinds[(int)((draw >> 50) % (ulong)Kinds.Length)];
        slot = (kernel.Allocator.AllocPages(order, gfp, 1 + (int)(draw >> 60), cpu, -1), order);
        Failures += slot.Pfn < 0 ? 1 : 0;
    }

    public void FreeAll()
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.Pfn >= 0)
            {
                kernel.Allocator.FreePages(slot.Pfn, slot.Order, kernel.Cpu, -1);
                slot.Pfn = -1;
            }
        }
    }
}
