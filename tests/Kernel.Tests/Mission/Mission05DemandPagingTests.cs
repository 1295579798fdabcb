using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 5, demand paging: frames come at the first touch and not before; minor and major faults are told apart.</summary>
public sealed class Mission05DemandPagingTests
{
    private const MapFlags Anonymous = MapFlags.Private | MapFlags.Anonymous;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>1,000 pages: mapped, every third written, every third read, those written: faults as this machine's kernel counts them.</summary>
    [Fact]
    public void FaultsAreThoseOfThisMachinesKernel()
    {
        long[] real = [.. RealKernel.Ask("demand")["demand"].Select(long.Parse)];
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        var faults = new List<long> { 0 };
        ulong at = (ulong)vm.Mmap(pid, 0, 1_000 << 12, ReadWrite, Anonymous);
        Count();
        Touch(0, write: true);
        Touch(1, write: false);
        Touch(1, write: true);
        Assert.Equal(real, faults.Skip(1).Zip(faults, (after, before) => after - before));
        Assert.Equal(0, vm.Spaces.Faults(pid).Major);

        void Touch(ulong first, bool write)
        {
            for (ulong page = first; page < 1_000; page += 3)
            {
                vm.Touch(pid, at + (page << 12), write);
            }
            Count();
        }

        void Count() => faults.Add(vm.Spaces.Faults(pid).Minor);
    }

    /// <summary>Heap, mapping and bss of a program: nothing is taken from the allocator until they are touched, then a frame a page and tables.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void WhatIsNotTouchedCostsNothing(KernelProfile profile)
    {
        var machine = new TestMachine(profile);
        var cpu = machine.Machine.Cpus[0];
        var programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        int pid = machine.Virtual.Processes.Create("init", cpu, -1);
        Assert.Equal(Errno.None, machine.Virtual.Programs.Execute(pid, "/static", ProgramArguments.Of("/static", ["/static"], []), programs, cpu, -1).Error);
        AddressSpace mm = machine.Spaces[pid];
        long Resident() => mm.Rss + mm.PageTables;
        long before = Resident(), free = Free(machine);
        ulong heap = AddressSpaces.PageAlign(mm.Brk);
        Assert.Equal((long)(heap + (500 << 12)), machine.Virtual.Mapping.Brk(pid, heap + (500 << 12), cpu, -1));
        long mapping = machine.Virtual.Mapping.Mmap(pid, 0, 5_000 << 12, ReadWrite, Anonymous, MappedFile.None, 0, cpu, -1);
        Assert.Equal((before, free), (Resident(), Free(machine)));
        // The bss of the program: its last segment has 0x4000 bytes in memory, 0x300 of them in the file.
        ulong[] untouched = [heap, heap + (499 << 12), (ulong)mapping, (ulong)mapping + (4_999 << 12), 0x80_0000 + 0x3e00 + 0x3000];
        Assert.All(untouched, a => Assert.Equal(-1, machine.FrameAt(pid, a)));
        foreach (ulong address in untouched)
        {
            machine.Virtual.Faults.Handle(pid, address, Sim.Hardware.Paging.PageFaultErrorCode.User | Sim.Hardware.Paging.PageFaultErrorCode.Write, cpu, -1, out _);
            Assert.True(machine.FrameAt(pid, address) >= 0);
        }
        Assert.Equal(free - Free(machine), Resident() - before);
        Assert.InRange(Resident() - before, untouched.Length, untouched.Length + 4);
        machine.AssertInvariants();
    }

    /// <summary>Major is what had to be read: the first touch of a file's page by anybody. The second process finds it in memory.</summary>
    [Fact]
    public void MajorAndMinorFaultsAreCountedApart()
    {
        var vm = new TestVirtualMemory();
        int one = vm.NewProcess(), two = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/lib/libc.so.6"));
        foreach (int pid in (int[])[one, two])
        {
            ulong at = (ulong)vm.Mmap(pid, 0, 20 << 12, ProtFlags.Read, MapFlags.Private, file);
            ulong own = (ulong)vm.Mmap(pid, 0, 10 << 12, ReadWrite, Anonymous);
            for (ulong page = 0; page < 20; page++)
            {
                vm.Touch(pid, at + (page << 12), write: false);
            }
            for (ulong page = 0; page < 10; page++)
            {
                vm.Touch(pid, own + (page << 12), write: true);
            }
        }
        Assert.Equal(new FaultCounts(10, 20), vm.Spaces.Faults(one));
        Assert.Equal(new FaultCounts(30, 0), vm.Spaces.Faults(two));
    }

    private static long Free(TestMachine machine) =>
        machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
}
