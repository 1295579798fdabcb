using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Tests.Support;

/// <summary>CPUs and address spaces without a scheduler, so that any CPU can run any of them.</summary>
internal sealed class TlbCourse
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>Where each address space has its pages.</summary>
    public const ulong At = 0x1000_0000;

    /// <summary>How many it has.</summary>
    public const int Pages = 48;

    private readonly RandomStream _random;

    public TlbCourse(KernelProfile profile, int cpus, bool pcid, ulong seed, SwapDevice swap = SwapDevice.None, MemoryLog? log = null)
    {
        Machine = new TestMachine(profile, cpus, pcid, bytes: 128L << 20, sink: log, swap: new SwapOptions { Device = swap, Size = 16 << 20 });
        _random = new RandomStream(seed, "course");
        for (int i = 0; i < 9; i++)
        {
            int pid = Machine.Virtual.Processes.Create($"p{i}", Cpu(0), -1);
            Assert.Equal((long)At, Machine.Virtual.Mapping.Mmap(pid, At, Pages << 12, ReadWrite, Anonymous | MapFlags.Fixed, default, 0, Cpu(0), -1));
            Pids.Add(pid);
        }
    }

    public TestMachine Machine { get; }
    public List<int> Pids { get; } = [];
    public TlbContexts Contexts => Machine.Machine.State.Virtual.Tlb;

    public Cpu Cpu(int id) => Machine.Machine.Cpus[id];

    public ulong[] Tags(int cpu) => Machine.Machine.State.Hardware.Tlb.Tags(cpu).ToArray();

    public int Shared(params int[] cpus)
    {
        foreach (int cpu in cpus)
        {
            Switch(cpu, Pids[0]);
        }
        return Pids[0];
    }

    public void EnterKernel(int cpu)
    {
        if (Cpu(cpu).Mode == CpuMode.User)
        {
            Cpu(cpu).EnterKernel(EntryKind.Interrupt, 0xec, 0, 0, -1);
        }
    }

    public void Switch(int cpu, int pid)
    {
        EnterKernel(cpu);
        Machine.Virtual.Tlb.Load(Cpu(cpu), Machine.Spaces[pid], -1);
        Cpu(cpu).ReturnToUser(-1);
    }

    public void GoLazy(int cpu)
    {
        EnterKernel(cpu);
        Machine.Virtual.Tlb.EnterLazy(Cpu(cpu), -1);
    }

    public void Mprotect(int cpu, int pid, ulong start, int pages, ProtFlags prot) =>
        Machine.Virtual.Mapping.Mprotect(pid, start, (ulong)pages << 12, prot, Cpu(cpu), -1);

    public void Munmap(int cpu, int pid, ulong start, int pages) =>
        Machine.Virtual.Mapping.Munmap(pid, start, (ulong)pages << 12, Cpu(cpu), -1);

    public void TouchAll(int cpu, int pages, bool store = true)
    {
        for (int page = 0; page < pages; page++)
        {
            Touch(cpu, At + ((ulong)page << 12), store ? AccessKind.Store : AccessKind.Load);
        }
    }

    public void AssertTrue() => Assert.Null(TlbInvariants.Violation(Machine.Machine.State));

    public void Run(int steps)
    {
        int used = 0;
        for (int step = 0; step < steps; step++)
        {
            int cpu = (int)(_random.NextUInt64() % (ulong)Machine.Machine.Cpus.Length);
            ulong draw = _random.NextUInt64();
            if (Cpu(cpu).Mode == CpuMode.Kernel || draw % 16 == 0)
            {
                Switch(cpu, Pids[(int)((draw >> 8) % (draw % 3 == 0 ? (ulong)Pids.Count : 2))]);
            }
            int pid = Contexts.Loaded(cpu);
            int pages = 1 + (int)((draw >> 32) % (draw % 5 == 0 ? 40UL : 4UL));
            ulong start = At + (draw >> 16) % (ulong)(Pages - pages + 1) * 4096;
            switch (draw % 16)
            {
                case 1:
                    GoLazy(cpu);
                    break;
                case 2:
                    Munmap(cpu, pid, start, pages);
                    Machine.Virtual.Mapping.Mmap(pid, start, (ulong)pages << 12, ReadWrite, Anonymous | MapFlags.Fixed, default, 0, Cpu(cpu), -1);
                    break;
                case 3:
                    Mprotect(cpu, pid, start, pages, ProtFlags.Read);
                    break;
                case 4:
                    Mprotect(cpu, pid, start, pages, ReadWrite);
                    break;
                case 5:
                    Machine.Virtual.Mapping.Madvise(pid, start, (ulong)pages << 12, MemoryAdvice.DontNeed, Cpu(cpu), -1);
                    break;
                case 6:
                    Machine.Machine.CompactMemory(Cpu(cpu), -1);
                    break;
                case 7:
                    // Without swap this is no more than MADV_COLD.
                    Machine.Virtual.Mapping.Madvise(pid, start, (ulong)pages << 12, MemoryAdvice.PageOut, Cpu(cpu), -1);
                    break;
                default:
                    for (int page = 0; page < pages; page++)
                    {
                        Touch(cpu, start + ((ulong)page << 12), (draw >> page) % 2 == 0 ? AccessKind.Store : AccessKind.Load);
                    }
                    break;
            }
            string? violation = TlbInvariants.Violation(Machine.Machine.State, out int entries);
            Assert.True(violation is null, $"step {step}: {violation}");
            used += entries;
        }
        Assert.True(used > steps, "there were no translations to check");
        Machine.AssertInvariants();
    }

    /// <summary>One access, with its faults; it reaches what the page tables say and only if they allow it.</summary>
    private void Touch(int cpu, ulong address, AccessKind kind)
    {
        int pid = Contexts.Loaded(cpu);
        while (true)
        {
            AccessResult result = Cpu(cpu).Access(new MemoryAccess(address, 8, kind));
            if (result.Completed)
            {
                Assert.Equal(Machine.FrameAt(pid, address), (long)(result.PhysicalAddress >> 12));
                Assert.True(kind == AccessKind.Load || (Machine.Spaces.Tables.ReadPte(Machine.Spaces[pid].Root, address) & 2) != 0);
                return;
            }
            long entry = Cpu(cpu).EnterKernel(EntryKind.Exception, 14, result.Fault.ErrorCode, address, -1).Sequence;
            FaultResult resolved = Machine.Virtual.Faults.Handle(pid, address, result.Fault.Code, Cpu(cpu), entry, out _);
            Cpu(cpu).ReturnToUser(entry);
            if (resolved != FaultResult.Resolved)
            {
                Assert.Equal(FaultResult.Segv, resolved);
                return;
            }
        }
    }
}
