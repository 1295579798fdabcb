using System.Globalization;
using Sim.Engine.Random;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

public sealed class CommitAccountingTests
{
    private const MapFlags Private = MapFlags.Anonymous | MapFlags.Private, Shared = MapFlags.Anonymous | MapFlags.Shared;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
    private const long Limit = 1000, Page = 4096;

    /// <summary>CommitLimit of the machine that runs the test follows from the other figures of its meminfo.</summary>
    [Fact]
    public void TheLimitIsThisMachines()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc/meminfo is Linux's.");
        Dictionary<string, long> real = File.ReadAllLines("/proc/meminfo").Select(l => l.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(w => w[0], w => long.Parse(w[1], CultureInfo.InvariantCulture));
        Assert.SkipUnless(real["SwapTotal"] == 0 && real.GetValueOrDefault("Hugetlb") == 0, "the machine has a swap area or hugetlb pages.");
        var vm = new TestVirtualMemory(options: new MmOptions
        {
            TotalRamPages = real["MemTotal"] / 4,
            OvercommitRatio = int.Parse(File.ReadAllText("/proc/sys/vm/overcommit_ratio"), CultureInfo.InvariantCulture),
            OvercommitKiB = long.Parse(File.ReadAllText("/proc/sys/vm/overcommit_kbytes"), CultureInfo.InvariantCulture),
        });
        Assert.Equal(real["CommitLimit"], Accounting(vm).Limit * 4);
    }

    /// <summary>Promised: what is private and writable or was, and shared memory once however often it is mapped.</summary>
    [Fact]
    public void CountsWhatIsPromised()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        CommitAccounting commit = Accounting(vm);
        ulong read = Map(vm, pid, 10, ProtFlags.Read, Private), write = Map(vm, pid, 20, ReadWrite, Private);
        Assert.Equal(20, commit.Committed);
        Map(vm, pid, 5, ReadWrite, Private | MapFlags.NoReserve);
        ulong shared = Map(vm, pid, 40, ReadWrite, Shared);
        Map(vm, pid, 7, ReadWrite, Shared | MapFlags.NoReserve);
        Assert.Equal(60, commit.Committed);
        Assert.Equal(0, vm.Mprotect(pid, read, 4 * Page, ReadWrite));
        Assert.Equal(64, commit.Committed);
        // What was promised once stays so.
        Assert.Equal(0, vm.Mprotect(pid, write, 20 * Page, ProtFlags.Read));
        Assert.Equal(64, commit.Committed);
        int child = (int)vm.Processes.Fork(pid, "child", vm.Cpu, -1);
        Assert.Equal(24 + 24 + 40, commit.Committed);
        vm.Munmap(child, shared, 40 * Page);
        vm.Munmap(pid, shared, 39 * Page);
        Assert.Equal(24 + 24 + 40, commit.Committed);
        vm.Munmap(pid, shared, 40 * Page);
        Assert.Equal(24 + 24, commit.Committed);
        vm.Munmap(pid, write, 8 * Page);
        Assert.Equal(16 + 24, commit.Committed);
        vm.AssertInvariants();
    }

    /// <summary>Mode 2 gives everything below the limit and nothing at it; modes 0 and 1 do not look at the sum.</summary>
    [Theory]
    [InlineData(OvercommitMode.Never, 0, 0, Limit - 1)]
    [InlineData(OvercommitMode.Never, 100, 0, Limit - 101)]
    [InlineData(OvercommitMode.Heuristic, 0, 0, long.MaxValue)]
    [InlineData(OvercommitMode.Always, 0, 0, long.MaxValue)]
    public void GivesUpToTheLimit(OvercommitMode mode, long adminPages, long userPages, long most)
    {
        var vm = new TestVirtualMemory(options: Options(mode, adminPages, userPages));
        int pid = vm.NewProcess();
        long given = 0;
        while (given < 3 * Limit && vm.Mmap(pid, 0, Page, ReadWrite, Private) > 0)
        {
            given++;
        }
        Assert.Equal(Math.Min(most, 3 * Limit), given);
        Assert.Equal(given, Accounting(vm).Committed);
        // What promises nothing is given still.
        Assert.True(vm.Mmap(pid, 0, Limit * Page, ProtFlags.Read, Private) > 0);
    }

    /// <summary>A process keeps a 32nd of its own size from the limit, the user's reserve at most.</summary>
    [Theory]
    [InlineData(1000)]
    [InlineData(10)]
    public void KeepsAPartOfTheProcessFree(long userPages)
    {
        var vm = new TestVirtualMemory(options: Options(OvercommitMode.Never, 0, userPages));
        int pid = vm.NewProcess();
        Map(vm, pid, 3200, ProtFlags.Read, Private);
        long given = 0, expected = 0;
        while (expected + 1 < Limit - Math.Min((3200 + expected) / 32, userPages))
        {
            expected++;
        }
        while (vm.Mmap(pid, 0, Page, ReadWrite, Private) > 0)
        {
            given++;
        }
        Assert.Equal(expected, given);
    }

    /// <summary>Strict accounting has no exceptions, and every call that promises memory asks.</summary>
    [Fact]
    public void EveryCallAsksInModeTwo()
    {
        const long NoMemory = -(long)Errno.ENOMEM;
        var vm = new TestVirtualMemory(options: Options(OvercommitMode.Never, 0, 0));
        int pid = vm.NewProcess();
        ulong read = Map(vm, pid, 100, ProtFlags.Read, Private), write = Map(vm, pid, 600, ReadWrite, Private | MapFlags.NoReserve);
        Assert.Equal(600, Accounting(vm).Committed);
        Assert.Equal(NoMemory, vm.Processes.Fork(pid, "child", vm.Cpu, -1));
        Map(vm, pid, 350, ReadWrite, Shared);
        Assert.Equal(NoMemory, vm.Mmap(pid, 0, 50 * Page, ReadWrite, Shared | MapFlags.NoReserve));
        Assert.Equal(NoMemory, vm.Mmap(pid, 0, 50 * Page, ReadWrite, Private | MapFlags.NoReserve));
        Assert.Equal(NoMemory, vm.Mprotect(pid, read, 50 * Page, ReadWrite));
        Assert.Equal(NoMemory, vm.Mapping.Mremap(pid, write, 600 * Page, 650 * Page, RemapFlags.MayMove, 0, vm.Cpu, -1));
        vm.Mapping.SetLayout(pid, 0x555000, 0x7fff_ffff_e000, -1);
        Assert.Equal(0x555000, vm.Brk(pid, 0x555000 + 50 * Page));
        Assert.Equal(950, Accounting(vm).Committed);
        Assert.Equal(0x555000 + 49 * Page, vm.Brk(pid, 0x555000 + 49 * Page));
        Assert.Equal(999, Accounting(vm).Committed);
        vm.AssertInvariants();
    }

    /// <summary>Whatever is called, what is promised is the sum of the areas, is below the limit, and nothing is left at the end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void NothingIsPromisedTwiceOrForgotten(ulong seed)
    {
        var random = new RandomStream(seed, "commit");
        var vm = new TestVirtualMemory(options: Options(OvercommitMode.Never, 0, 0));
        int pid = vm.NewProcess();
        const ulong Low = 0x1000_0000;
        int refused = 0;
        for (int i = 0; i < 2_000; i++)
        {
            ulong draw = random.NextUInt64();
            ulong at = Low + (draw >> 4) % 1500 * 4096, length = (1 + (draw >> 24) % 60) * 4096, to = Low + (draw >> 44) % 1500 * 4096;
            ProtFlags prot = (draw & 1) != 0 ? ReadWrite : ProtFlags.Read;
            long result = ((draw >> 1) & 7) switch
            {
                0 or 1 => vm.Mmap(pid, at, length, prot, Private | MapFlags.Fixed),
                2 => vm.Mmap(pid, at, length, prot, Shared | MapFlags.Fixed),
                3 or 4 => vm.Mprotect(pid, at, length, prot),
                5 => vm.Munmap(pid, at, length),
                6 => vm.Mapping.Mremap(pid, at, length, length, RemapFlags.MayMove | RemapFlags.Fixed, to, vm.Cpu, -1),
                _ => vm.Mapping.Mremap(pid, at, length, length, RemapFlags.MayMove | RemapFlags.DontUnmap, 0, vm.Cpu, -1),
            };
            refused += result == -(long)Errno.ENOMEM ? 1 : 0;
            Assert.InRange(Accounting(vm).Committed, 0, Limit - 1);
            if (i % 50 == 0)
            {
                vm.AssertInvariants();
            }
        }
        Assert.True(refused > 0);
        vm.Munmap(pid, 65536, vm.Spaces.Layout.TaskSize - 65536);
        Assert.Equal(0, Accounting(vm).Committed);
    }

    private static MmOptions Options(OvercommitMode mode, long adminPages, long userPages) => new()
    {
        Overcommit = mode,
        OvercommitKiB = Limit * 4,
        AdminReserveKiB = adminPages * 4,
        UserReserveKiB = userPages * 4,
    };

    private static CommitAccounting Accounting(TestVirtualMemory vm) => new(vm.Options, vm.Kernel.Pages, vm.Spaces);

    private static ulong Map(TestVirtualMemory vm, int pid, int pages, ProtFlags prot, MapFlags flags)
    {
        long at = vm.Mmap(pid, 0, (ulong)(pages * Page), prot, flags);
        Assert.True(at > 0);
        return (ulong)at;
    }
}
