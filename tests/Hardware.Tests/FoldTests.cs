using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Cpu;
using Sim.Hardware.Tests.Support;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Tests;

/// <summary>The log alone leads to the state that the live run reached.</summary>
public sealed class FoldTests
{
    [Theory]
    [InlineData("x86_64", LogDetail.Normal, false)]
    [InlineData("x86_64", LogDetail.Full, false)]
    [InlineData("x86_64", LogDetail.Normal, true)]
    [InlineData("i386", LogDetail.Normal, false)]
    public void FoldingTheLogGivesTheLiveState(string mode, LogDetail detail, bool pcid) => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            TestMachine machine = RandomProgram.Machine(Mode(mode), detail, pcid);
            Live(machine, (ulong)seed);
            return machine.Hash() == TestMachine.HashOf(machine.Fold());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Fact]
    public void CpusThatShareMemoryAndRunAheadOfEachOtherFold() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            TestMachine machine = RandomProgram.Machine(PagingMode.X86_64FourLevel, cpus: 3);
            MemoryAccess[] accesses = RandomProgram.Accesses(machine.Mode, (ulong)seed, 3000);
            foreach (Hardware.Cpu.Cpu cpu in machine.Board.Cpus.Skip(1))
            {
                cpu.LoadRoot(machine.Root, 0, -1);
                cpu.ReturnToUser(-1);
            }
            for (int i = 0; i < accesses.Length; i += 10)
            {
                Hardware.Cpu.Cpu cpu = machine.Board.Cpus[i / 10 % 3];
                int j = i;
                while (j < i + 10)
                {
                    j += cpu.Run(accesses.AsSpan(j, i + 10 - j), long.MaxValue, out PageFault fault) + (fault.Raised ? 1 : 0);
                }
            }
            return machine.Hash() == TestMachine.HashOf(machine.Fold());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10));

    [Fact]
    public void TheRestFoldsWithTheTlbAndDramCategoriesLeftOut()
    {
        TestMachine machine = RandomProgram.Machine(PagingMode.X86_64FourLevel, LogDetail.Normal, pcid: false, cpus: 1, "tlb", "dram");
        TestMachine logged = RandomProgram.Machine(PagingMode.X86_64FourLevel);
        Live(machine, 99);
        Live(logged, 99);
        HardwareState folded = machine.Fold();
        Assert.Equal(logged.Hash(), machine.Hash());
        Assert.Equal(machine.Hash(withTlb: false, withDram: false), TestMachine.HashOf(folded, withTlb: false, withDram: false));
        Assert.NotEqual(machine.Hash(), TestMachine.HashOf(folded));
        Assert.DoesNotContain(machine.Events(), e => e.StartsWith("tlb.", StringComparison.Ordinal) || e.StartsWith("dram.", StringComparison.Ordinal));
    }

    /// <summary>Accesses, faults, kernel entries, remappings, invalidations and address-space switches.</summary>
    private static void Live(TestMachine machine, ulong seed)
    {
        var random = new Engine.Random.RandomStream(seed, "live");
        MemoryAccess[] accesses = RandomProgram.Accesses(machine.Mode, seed, 3000);
        int i = 0;
        while (i < accesses.Length)
        {
            int length = Math.Min(accesses.Length - i, 1 + (int)random.NextBelow(300));
            i += machine.Core.Run(accesses.AsSpan(i, length), long.MaxValue, out PageFault fault);
            if (fault.Raised)
            {
                long cause = machine.Core.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, -1).Sequence;
                machine.Core.ReturnToUser(cause);
                i++;
            }
            int page = (int)random.NextBelow(RandomProgram.Pages);
            ulong address = RandomProgram.AddressOf(page);
            switch (random.NextBelow(6))
            {
                case 0:
                    machine.Map(address, 0x3000 + page, TestMachine.UserPage);
                    machine.Core.InvalidatePage(address, -1);
                    break;
                case 1:
                    machine.Core.InvalidatePages(address, (long)random.NextBelow(200), -1);
                    break;
                case 2:
                    machine.Core.FlushTlb((TlbFlushScope)random.NextBelow(3), -1);
                    break;
                case 3:
                    machine.Core.LoadRoot(machine.Root, (int)random.NextBelow(3), -1);
                    break;
                case 4:
                    machine.Core.EnterKernel(EntryKind.Interrupt, 32, 0, 0, -1);
                    machine.Core.EnterKernel(EntryKind.Exception, 14, 0, address, -1);
                    machine.Core.ReturnToKernel(-1);
                    machine.Core.LoadSegment(Hardware.Segmentation.SegmentRegister.Es, machine.State.Gdt.KernelData, -1);
                    machine.Core.ReturnToUser(-1);
                    break;
            }
        }
    }

    private static PagingMode Mode(string name) => name == "i386" ? PagingMode.I386TwoLevel : PagingMode.X86_64FourLevel;
}
