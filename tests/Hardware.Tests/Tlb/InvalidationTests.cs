using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Tests.Tlb;

/// <summary>A TLB answers from what it holds until it is told not to, and never afterwards.</summary>
public sealed class InvalidationTests
{
    private const ulong Address = 0x7000_1000;
    private const PteFlags Page = TestMachine.UserPage;

    [Fact]
    public void WithoutInvalidationTheOldTranslationIsUsed()
    {
        TestMachine machine = Touched(Page);
        machine.Map(Address, 0x222, Page);
        Assert.Equal(0x111_000UL, Load(machine));
    }

    public static TheoryData<string> Ways => ["page", "range", "long range", "flush", "flush all", "cr3"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void AfterInvalidationTheNewTranslationIsUsed(string way)
    {
        TestMachine machine = Touched(Page);
        machine.Map(Address, 0x222, Page);
        switch (way)
        {
            case "page":
                machine.Core.InvalidatePage(Address + 5, -1);
                break;
            case "range":
                machine.Core.InvalidatePages(Address - 0x4000, 5, -1);
                break;
            case "long range":
                machine.Core.InvalidatePages(0, 1 << 20, -1);
                break;
            case "flush":
                machine.Core.FlushTlb(TlbFlushScope.NonGlobal, -1);
                break;
            case "flush all":
                machine.Core.FlushTlb(TlbFlushScope.All, -1);
                break;
            case "cr3":
                machine.Core.LoadRoot(machine.Root, 0, -1);
                break;
        }
        Assert.Equal(0x222_000UL, Load(machine));
    }

    [Fact]
    public void APageFaultDropsTheEntriesOfItsPage()
    {
        TestMachine machine = TestMachine.InUserMode();
        machine.Map(Address, 0x111, Page & ~PteFlags.Write);
        Load(machine);
        machine.Map(Address, 0x222, Page & ~PteFlags.Write);
        Assert.Equal(0x111_000UL, Load(machine));
        Assert.Equal(7, machine.Core.Access(new MemoryAccess(Address, 4, AccessKind.Store)).Fault.ErrorCode);
        Assert.Equal(0x222_000UL, Load(machine));
    }

    [Fact]
    public void RightsThatWereAddedAreFoundByAWalk()
    {
        TestMachine machine = TestMachine.InUserMode();
        machine.Map(Address, 0x111, Page & ~PteFlags.Write);
        Load(machine);
        machine.Map(Address, 0x111, Page);
        Assert.True(machine.Core.Access(new MemoryAccess(Address, 4, AccessKind.Store)).Completed);
    }

    [Fact]
    public void ARangeBesideThePageLeavesIt()
    {
        TestMachine machine = Touched(Page);
        machine.Map(Address, 0x222, Page);
        machine.Core.InvalidatePages(Address - 0x5000, 5, -1);
        machine.Core.InvalidatePages(Address + 0x1000, 500, -1);
        Assert.Equal(0x111_000UL, Load(machine));
    }

    [Fact]
    public void AGlobalEntrySurvivesCr3ButNotInvlpg()
    {
        TestMachine machine = Touched(Page | PteFlags.Global);
        machine.Map(Address, 0x222, Page);
        machine.Core.LoadRoot(machine.Root, 0, -1);
        Assert.Equal(0x111_000UL, Load(machine));
        machine.Core.InvalidatePage(Address, -1);
        Assert.Equal(0x222_000UL, Load(machine));
    }

    [Fact]
    public void AnotherAddressSpaceNeverSeesTheOldOnesPages()
    {
        TestMachine machine = Touched(Page);
        long other = machine.NewTable();
        machine.Map(Address, 0x333, Page, other);
        machine.Core.LoadRoot(other, 0, -1);
        Assert.Equal(0x333_000UL, Load(machine));
        machine.Core.LoadRoot(machine.Root, 0, -1);
        Assert.Equal(0x111_000UL, Load(machine));
    }

    [Fact]
    public void WithPcidEntriesAreKeptPerAddressSpaceAndGlobalOnesShared()
    {
        TestMachine machine = TestMachine.InUserMode(new HardwareOptions { Tlb = new() { Pcid = true } });
        const ulong shared = 0x7000_9000;
        long other = machine.NewTable();
        machine.Map(Address, 0x111, Page);
        machine.Map(Address, 0x333, Page, other);
        machine.Map(shared, 0x444, Page | PteFlags.Global);
        machine.Core.LoadRoot(machine.Root, 1, -1);
        Assert.Equal(0x111_000UL, Load(machine));
        Assert.Equal(0x444_000UL, Load(machine, shared));
        machine.Core.LoadRoot(other, 2, -1);
        Assert.Equal(0x333_000UL, Load(machine));
        long walks = machine.Core.Counters.Walks;
        Assert.Equal(0x444_000UL, Load(machine, shared));
        machine.Core.LoadRoot(machine.Root, 1, -1);
        Assert.Equal(0x111_000UL, Load(machine));
        Assert.Equal(walks, machine.Core.Counters.Walks);

        machine.Core.FlushTlb(TlbFlushScope.Context, -1);
        Load(machine, shared);
        Assert.Equal(walks, machine.Core.Counters.Walks);
        Load(machine);
        Assert.Equal(walks + 1, machine.Core.Counters.Walks);
        machine.Core.LoadRoot(other, 2, -1);
        Load(machine);
        Assert.Equal(walks + 1, machine.Core.Counters.Walks);
    }

    [Fact]
    public void ATableThatWentAwayIsNotReadThroughThePdeCache()
    {
        TestMachine machine = Touched(Page);
        (long upper, int index, ulong _) = machine.Find(Address, level: 1);
        long table = machine.NewTable();
        machine.SetEntry(upper, index, machine.Mode.MakeEntry(table, Page));
        machine.SetEntry(table, machine.Mode.IndexOf(Address, 0), machine.Mode.MakeEntry(0x555, Page));
        machine.Core.InvalidatePage(Address, -1);
        Assert.Equal(0x555_000UL, Load(machine));
    }

    [Fact]
    public void CpusHaveTlbsOfTheirOwn()
    {
        var machine = new TestMachine(new HardwareOptions { Cpus = 2 });
        machine.Map(Address, 0x111, Page);
        foreach (Hardware.Cpu.Cpu cpu in machine.Board.Cpus)
        {
            cpu.LoadRoot(machine.Root, 0, -1);
            cpu.ReturnToUser(-1);
            cpu.Access(new MemoryAccess(Address, 4, AccessKind.Load));
        }
        machine.Map(Address, 0x222, Page);
        machine.Board.Cpus[1].InvalidatePage(Address, -1);
        Assert.Equal(0x111_000UL, machine.Board.Cpus[0].Access(new MemoryAccess(Address, 4, AccessKind.Load)).PhysicalAddress);
        Assert.Equal(0x222_000UL, machine.Board.Cpus[1].Access(new MemoryAccess(Address, 4, AccessKind.Load)).PhysicalAddress);
    }

    private static TestMachine Touched(PteFlags flags)
    {
        TestMachine machine = TestMachine.InUserMode();
        machine.Map(Address, 0x111, flags);
        Assert.Equal(0x111_000UL, Load(machine));
        machine.Core.Access(new MemoryAccess(Address, 4, AccessKind.Store));
        return machine;
    }

    private static ulong Load(TestMachine machine, ulong address = Address) =>
        machine.Core.Access(new MemoryAccess(address, 4, AccessKind.Load)).PhysicalAddress;
}
