using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Cpu;

/// <summary>A machine with a few hundred pages of mixed rights and sizes, and random accesses to them.</summary>
internal static class RandomProgram
{
    public const int Pages = 600;

    public static TestMachine Machine(
        PagingMode mode, LogDetail detail = LogDetail.Normal, bool pcid = false, int cpus = 1, params string[] leftOut)
    {
        TestMachine machine = TestMachine.InUserMode(
            new HardwareOptions { Cpus = cpus, Paging = mode, Detail = detail, Tlb = new() { Pcid = pcid } }, leftOut);
        var random = new RandomStream(1, "pages");
        for (int page = 0; page < Pages; page++)
        {
            PteFlags flags = TestMachine.UserPage;
            flags &= random.NextChance(1, 20) ? ~PteFlags.Write : ~PteFlags.None;
            flags |= random.NextChance(1, 20) ? PteFlags.NoExecute : PteFlags.None;
            flags |= random.NextChance(1, 10) ? PteFlags.Global : PteFlags.None;
            machine.Map(AddressOf(page), 0x1000 + (page * 7919 % 4096), flags);
        }
        for (int large = 0; large < 4; large++)
        {
            machine.Map(LargeAddressOf(mode, large), 0x8000 + large * mode.PagesPerLargePage, TestMachine.UserPage | PteFlags.Large, level: 1);
        }
        return machine;
    }

    public static ulong AddressOf(int page) => 0x10_0000UL + (ulong)page * 4096;

    public static ulong LargeAddressOf(PagingMode mode, int large) => 0x4000_0000UL + ((ulong)large << mode.ShiftOf(1));

    public static MemoryAccess[] Accesses(PagingMode mode, ulong seed, int count)
    {
        var random = new RandomStream(seed, "accesses");
        var accesses = new MemoryAccess[count];
        ulong page = 0;
        for (int i = 0; i < count; i++)
        {
            if (random.NextChance(1, 4))
            {
                page = random.NextChance(1, 8) ? random.NextBelow(Pages) : random.NextBelow(40);
            }
            ulong address = random.NextChance(1, 10)
                ? LargeAddressOf(mode, (int)random.NextBelow(4)) + random.NextBelow(1UL << mode.ShiftOf(1))
                : AddressOf((int)page) + random.NextBelow(4096);
            int size = random.NextChance(1, 50) ? (int)random.NextBelow(9000) : 1 << (int)random.NextBelow(5);
            accesses[i] = new MemoryAccess(address, size, (AccessKind)random.NextBelow(4))
            {
                ComputeCycles = random.NextChance(1, 20) ? (uint)random.NextBelow(100_000) : 0,
                Segment = random.NextChance(1, 30) ? SegmentRegister.Ss : SegmentRegister.Default,
            };
        }
        return accesses;
    }
}
