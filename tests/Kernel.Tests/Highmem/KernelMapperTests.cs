using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Kernel.Highmem;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel.Tests.Highmem;

/// <summary>Mappings of high memory against a model of their own, on a machine with CPUs that remember translations.</summary>
public sealed class KernelMapperTests
{
    private static readonly int _histories = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 400 : 8;

    /// <summary>
    /// A page keeps its address while it has a user, and until the next flush; slots are taken in a circle; a flush comes when the
    /// circle begins anew. The model keeps pages by slot and users by page, and knows nothing of counts.
    /// </summary>
    [Fact]
    public void Permanent_mappings_behave_as_their_model()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var test = Machine(seed % 2 == 0 ? KernelProfile.I386Pae : KernelProfile.I386);
            HighmemState state = test.Machine.State.Virtual.Highmem;
            int slots = state.Layout.PkmapSlots;
            var pages = new long[slots];
            var users = new Dictionary<long, int>();
            int last = 0;
            long flushes = 0;
            var random = new Random(seed);
            for (int step = 0; step < 6 * slots; step++)
            {
                long pfn = HighPfn(test) + random.Next(slots * 2);
                if (random.Next(100) < 45 && users.Values.Any(u => u > 0))
                {
                    pfn = users.Where(u => u.Value > 0).ElementAt(random.Next(users.Count(u => u.Value > 0))).Key;
                    test.Machine.Mapper.Unmap(pfn, test.Machine.Cpus[0], -1);
                    users[pfn]--;
                    continue;
                }
                int slot = Array.IndexOf(pages, pfn);
                for (int tries = 0; slot < 0 && tries < 2 * slots; tries++)
                {
                    last = (last + 1) % slots;
                    if (last == 0 && Array.Exists(pages, p => p != 0 && users[p] == 0))
                    {
                        flushes++;
                        pages = [.. pages.Select(p => p != 0 && users[p] > 0 ? p : 0)];
                    }
                    slot = pages[last] == 0 ? last : -1;
                }
                ulong address = test.Machine.Mapper.Map(pfn, 1, test.Machine.Cpus[0], -1);
                if (slot < 0)
                {
                    Assert.Equal(KernelMapper.Blocked, address);
                    continue;
                }
                pages[slot] = pfn;
                users[pfn] = users.GetValueOrDefault(pfn) + 1;
                Assert.Equal(state.Layout.PkmapBase + ((ulong)slot * 4096), address);
                Assert.Equal(pfn, test.Spaces.KernelPfn(address));
                Assert.Equal(flushes, state.Flushes);
            }
            Assert.True(flushes > 0);
            Assert.Null(KernelHalfInvariants.Violation(test.Machine.State.Virtual, test.Machine.State.Memory.Pages.Frames));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(_histories));
    }

    /// <summary>With all mappings in use the next task sleeps, and has one when somebody is done with his.</summary>
    [Fact]
    public void A_task_waits_while_all_mappings_are_in_use()
    {
        var test = Machine(KernelProfile.I386Pae);
        Cpu cpu = test.Machine.Cpus[0];
        long first = HighPfn(test);
        for (int i = 0; i < 512; i++)
        {
            Assert.NotEqual(KernelMapper.Blocked, test.Machine.Mapper.Map(first + i, 0, cpu, -1));
        }
        ulong had = 0;
        int asked = 0;
        int pid = test.Virtual.Tasks.Start("waiter", 0, new ScriptedProgram((task, _) =>
        {
            long entry = task.Cpu.EnterKernel(EntryKind.Syscall, 54, 0, 0, -1).Sequence;
            asked++;
            had = test.Machine.Mapper.Map(first + 600, task.Pid, task.Cpu, entry);
            if (had == KernelMapper.Blocked)
            {
                task.Block(entry);
                return ProgramStatus.Running;
            }
            task.Cpu.ReturnToUser(entry);
            return ProgramStatus.Exited;
        }), -1);
        test.Run(1_000_000_000);
        Assert.Equal((TaskState.DiskSleep, 1, 1), (test.Tasks[pid].State, asked, test.Machine.Mapper.Waiters));
        cpu.BeginDispatch(test.Machine.Scheduler.NowPs);
        test.Machine.Mapper.Unmap(first + 77, cpu, -1);
        test.Run();
        Assert.Equal((TaskState.Dead, 2), (test.Tasks[pid].State, asked));
        // Slots are numbered from 1 on: the one of page 77 is number 78.
        Assert.Equal(test.Machine.State.Virtual.Highmem.Layout.PkmapAddress(78), had);
        Assert.Equal(1, test.Machine.State.Virtual.Highmem.Flushes);
    }

    /// <summary>A CPU's temporary mappings are a stack of 16, each CPU has its own, and ending one drops the CPU's translation.</summary>
    [Fact]
    public void Temporary_mappings_are_a_stack_of_each_cpu()
    {
        var test = Machine(KernelProfile.I386, cpus: 2);
        Cpu zero = test.Machine.Cpus[0], one = test.Machine.Cpus[1];
        zero.LoadRoot(test.Spaces.KernelRoot, 0, -1);
        long first = HighPfn(test);
        var addresses = new List<ulong>();
        for (int i = 0; i < 16; i++)
        {
            addresses.Add(test.Machine.Mapper.MapLocal(first + i, zero, -1));
            Assert.Equal((ulong)(first + i) << 12, zero.Access(new MemoryAccess(addresses[i], 1, AccessKind.Load)).PhysicalAddress);
        }
        Assert.Equal(Enumerable.Range(0, 16).Select(i => 0xfffff000UL - ((ulong)(68 + i) << 12)), addresses);
        Assert.Throws<InvalidOperationException>(() => test.Machine.Mapper.MapLocal(first, zero, -1));
        Assert.Equal(0xfffff000UL - ((68UL + 16) << 12), test.Machine.Mapper.MapLocal(first, one, -1));
        Assert.Throws<InvalidOperationException>(() => test.Machine.Mapper.UnmapLocal(addresses[3], zero, -1));
        test.Machine.Mapper.UnmapLocal(addresses[15], zero, -1);
        Assert.False(zero.Access(new MemoryAccess(addresses[15], 1, AccessKind.Load)).Completed);
        Assert.Equal(addresses[15], test.Machine.Mapper.MapLocal(first + 99, zero, -1));
        Assert.Equal((ulong)(first + 99) << 12, zero.Access(new MemoryAccess(addresses[15], 1, AccessKind.Load)).PhysicalAddress);
    }

    [Fact]
    public void Low_memory_needs_no_mapping()
    {
        var test = Machine(KernelProfile.I386Pae);
        Assert.Equal(0xc000_0000UL + (0x1234UL << 12), test.Machine.Mapper.Map(0x1234, 1, test.Machine.Cpus[0], -1));
        Assert.Equal(0xc000_0000UL + (0x1234UL << 12), test.Machine.Mapper.MapLocal(0x1234, test.Machine.Cpus[0], -1));
        test.Machine.Mapper.Unmap(0x1234, test.Machine.Cpus[0], -1);
        test.Machine.Mapper.UnmapLocal(0xc000_0000UL + (0x1234UL << 12), test.Machine.Cpus[0], -1);
        Assert.Equal((0L, 0L), (test.Machine.State.Virtual.Highmem.Maps, test.Machine.State.Virtual.Highmem.FixedMaps));
        Assert.Throws<InvalidOperationException>(() => test.Machine.Mapper.Unmap(HighPfn(test), test.Machine.Cpus[0], -1));
    }

    /// <summary>A flush of permanent mappings reaches every CPU that has run something.</summary>
    [Fact]
    public void No_cpu_remembers_a_flushed_mapping()
    {
        var test = Machine(KernelProfile.I386Pae, cpus: 2);
        foreach (Cpu cpu in test.Machine.Cpus)
        {
            cpu.LoadRoot(test.Spaces.KernelRoot, 0, -1);
            cpu.EnterKernel(EntryKind.Interrupt, 0xec, 0, 0, -1);
        }
        long first = HighPfn(test);
        for (int i = 0; i < 511; i++)
        {
            ulong address = test.Machine.Mapper.Map(first + i, 1, test.Machine.Cpus[0], -1);
            Assert.All(test.Machine.Cpus, cpu => Assert.True(cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).Completed));
            test.Machine.Mapper.Unmap(first + i, test.Machine.Cpus[0], -1);
        }
        test.Machine.Mapper.Map(first + 600, 1, test.Machine.Cpus[0], -1);
        Assert.Equal(1, test.Machine.State.Virtual.Highmem.Flushes);
        for (int slot = 1; slot < 512; slot++)
        {
            ulong address = test.Machine.State.Virtual.Highmem.Layout.PkmapAddress(slot);
            Assert.All(test.Machine.Cpus, cpu => Assert.False(cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).Completed));
        }
    }

    private static TestMachine Machine(KernelProfile profile, int cpus = 1) => new(profile, cpus: cpus, bytes: 1200L << 20);

    private static long HighPfn(TestMachine test) => test.Machine.State.Memory.Pages.Profile.DirectMapEndPfn + 0x100;
}
