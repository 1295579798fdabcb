using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Tests.Tlb;

/// <summary>Hits, misses and contents are those of a naive model, for random streams of accesses and invalidations.</summary>
public sealed class TlbModelTests
{
    private const int SmallPages = 80, LargePages = 6;

    private static readonly TlbOptions Tiny = new()
    {
        L1Instruction = new(6, 3),
        L1Data = new(8, 4),
        L1InstructionLarge = new(2, 2),
        L1DataLarge = new(4, 2),
        L2 = new(24, 12),
    };

    private static readonly TlbOptions OddWays = Tiny with { L2 = new(24, 6), L1Data = new(8, 2), L1Instruction = new(8, 8) };

    [Theory]
    [InlineData("x86_64", false), InlineData("x86_64", true), InlineData("i386", false)]
    public void AgreesWithTheModel(string mode, bool oddWays) => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ArrayOf(600).ToArbitrary(),
        operations => Agrees(mode == "i386" ? PagingMode.I386TwoLevel : PagingMode.X86_64FourLevel, oddWays ? OddWays : Tiny, operations))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static bool Agrees(PagingMode mode, TlbOptions options, int[] operations)
    {
        var machine = new TestMachine(new HardwareOptions { Paging = mode, Tlb = options });
        var model = new NaiveTlb(options, mode.PagesPerLargePage);
        bool[] dirty = new bool[SmallPages + LargePages];
        for (int page = 0; page < SmallPages; page++)
        {
            dirty[page] = page % 3 == 0;
            machine.Map(AddressOf(mode, page), 0x5000 + page, FlagsOf(page, dirty[page]));
        }
        for (int page = SmallPages; page < dirty.Length; page++)
        {
            dirty[page] = page % 2 == 0;
            machine.Map(AddressOf(mode, page), 0x8000 + page * mode.PagesPerLargePage, FlagsOf(page, dirty[page]) | PteFlags.Large, level: 1);
        }
        machine.Core.LoadRoot(machine.Root, 0, -1);
        machine.Core.ReturnToUser(-1);

        foreach (int operation in operations)
        {
            int page = operation % dirty.Length, what = operation / 128 % 100;
            long vpn = (long)(AddressOf(mode, page) >> 12);
            if (what < 90)
            {
                var kind = (AccessKind)(what % 4);
                CpuCounters before = machine.Core.Counters;
                ulong offset = page >= SmallPages ? (ulong)(operation % mode.PagesPerLargePage) << 12 : 0;
                AccessResult result = machine.Core.Access(new MemoryAccess(AddressOf(mode, page) + offset, 4, kind));
                TlbOutcome expected = model.Access(
                    vpn, page >= SmallPages, page % 5 == 0, dirty[page], kind == AccessKind.Fetch, kind >= AccessKind.Store);
                dirty[page] |= kind >= AccessKind.Store;
                CpuCounters after = machine.Core.Counters;
                TlbOutcome actual = after.Walks > before.Walks ? TlbOutcome.Walk
                    : after.L1TlbMisses > before.L1TlbMisses ? TlbOutcome.SecondLevel : TlbOutcome.FirstLevel;
                if (!result.Completed || actual != expected)
                {
                    return false;
                }
            }
            else if (what < 96)
            {
                long count = what < 94 ? 1 : what == 94 ? 10 : 70;
                machine.Core.InvalidatePages((ulong)vpn << 12, count, -1);
                model.Invalidate(vpn, count);
            }
            else if (what < 98)
            {
                machine.Core.LoadRoot(machine.Root, 0, -1);
                model.Flush(all: false);
            }
            else
            {
                machine.Core.FlushTlb(what == 98 ? TlbFlushScope.All : TlbFlushScope.NonGlobal, -1);
                model.Flush(all: what == 98);
            }
        }
        return Contents(machine).Order().SequenceEqual(
            model.Entries.Select(e => (e.Page, e.Large, e.Global, e.Dirty)).Order());
    }

    private static ulong AddressOf(PagingMode mode, int page) =>
        page < SmallPages ? 0x40_0000UL + (ulong)page * 4096 : 0x4000_0000UL + ((ulong)page << mode.ShiftOf(1));

    private static PteFlags FlagsOf(int page, bool dirty) =>
        TestMachine.UserPage | (page % 5 == 0 ? PteFlags.Global : PteFlags.None) | (dirty ? PteFlags.Dirty : PteFlags.None);

    private static IEnumerable<(long, bool, bool, bool)> Contents(TestMachine machine)
    {
        ulong[] tags = machine.State.Tlb.Tags(0).ToArray(), data = machine.State.Tlb.Data(0).ToArray();
        for (int slot = 0; slot < tags.Length; slot++)
        {
            if (tags[slot] != TlbGeometry.Empty)
            {
                var flags = (TlbFlags)(data[slot] & 0xFF);
                bool large = (flags & TlbFlags.Large) != 0;
                // A large page's tag is its page number with bit 50 inverted.
                yield return ((long)(large ? tags[slot] ^ (1UL << 50) : tags[slot]), large,
                    (flags & TlbFlags.Global) != 0, (flags & TlbFlags.Dirty) != 0);
            }
        }
    }
}
