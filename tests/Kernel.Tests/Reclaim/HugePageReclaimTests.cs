using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Huge pages that are reclaimed, shared by forks, unmapped in part, and split when memory is short.</summary>
public sealed class HugePageReclaimTests
{
    private const ulong At = Pressure.At, Huge = 2 << 20;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
    private const MapFlags Fixed = MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed;

    [Theory]
    [InlineData(SwapDevice.Ssd, 2)]
    [InlineData(SwapDevice.Hdd, 1)]
    [InlineData(SwapDevice.Zram, 2)]
    public void TasksLargerThanMemoryRun_AndEverythingIsGivenBack(SwapDevice device, int cpus)
    {
        var log = new MemoryLog();
        TestMachine machine = Pressure.Make(KernelProfile.X86_64, cpus, device, swapBytes: 256L << 20, log, TransparentHugePages.Always);
        long before = Pressure.Available(machine);
        // On one CPU they may run one after the other.
        int pages = (int)(cpus == 1 ? before : before / 2) + 2_000;
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task % cpus, Pressure.Visitor(pages, visits: 2_000, seed: (ulong)task), -1);
        }
        for (long ms = 20; ms <= 200; ms += 20)
        {
            machine.Run(ms * 1_000_000_000);
            machine.AssertInvariants();
        }
        machine.Run();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        HugePageCounts huge = machine.Spaces.HugePages;
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Assert.True(huge.FaultAllocs > 10, $"{huge}");
        // A disk with a head has no clusters: each block is split first.
        Assert.Equal(device == SwapDevice.Hdd, huge.Swpouts == 0);
        Assert.True(huge.Swpouts + huge.SwpoutFallbacks > 5, $"{huge}");
        Assert.True(reclaim[VmEvent.Pswpout] >= 512 * huge.Swpouts && reclaim[VmEvent.Pswpin] > 0);
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        Assert.Equal(0, machine.Spaces.Blocks.Queued);
        Pressure.AssertAllGivenBack(machine, before);

        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    [Fact]
    public void AForkSharesHugePagesAsAWhole_AndAWriteSplitsTheWritersEntryAlone()
    {
        TestMachine machine = Make(SwapDevice.Zram);
        int parent = Start(machine, "parent"), head = (int)Write(machine, parent, At);
        Assert.Equal(1, machine.Spaces.HugePages.FaultAllocs);
        int child = (int)machine.Virtual.Processes.Fork(parent, "child", machine.Machine.Cpus[0], -1);
        Assert.Equal((2, 0), (machine.Spaces.Blocks.EntireMaps(head), machine.Spaces.Blocks.PieceMaps(head)));
        Assert.Equal(0, machine.Spaces.HugePages.PmdSplits);
        Assert.Equal((512L, 512L), (machine.Spaces[parent].AnonRss, machine.Spaces[child].AnonRss));
        machine.AssertInvariants();

        long copy = Write(machine, child, At + 8192);
        Assert.NotEqual(head + 2, copy);
        Assert.Equal((1, 511), (machine.Spaces.Blocks.EntireMaps(head), machine.Spaces.Blocks.PieceMaps(head)));
        Assert.Equal((1L, 0L), (machine.Spaces.HugePages.PmdSplits, machine.Spaces.HugePages.PageSplits));
        Assert.Equal(head + 3, machine.FrameAt(child, At + 12288));
        Assert.Equal(head + 2, machine.FrameAt(parent, At + 8192));
        machine.AssertInvariants();

        // The child is gone: the parent has the block alone again, and writes in place.
        machine.Virtual.Processes.Exit(child, 0, 0, machine.Machine.Cpus[0], -1);
        Assert.Equal(head, Write(machine, parent, At));
        Assert.Equal((1, 0), (machine.Spaces.Blocks.EntireMaps(head), machine.Spaces.Blocks.PieceMaps(head)));
        Assert.Equal(1, machine.Spaces.HugePages.PmdSplits);
        machine.AssertInvariants();
    }

    /// <summary>Of a block, half of which is unmapped, nothing is free until memory is short.</summary>
    [Fact]
    public void WhatIsUnmappedOfABlockIsFreeWhenMemoryIsShort()
    {
        TestMachine machine = Make(SwapDevice.Zram);
        // It sleeps while others act for it: kswapd has the CPU to itself.
        int pid = machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            task.SleepPs = 1_000_000_000_000_000;
            return ProgramStatus.Sleeping;
        }), -1);
        Assert.Equal((long)At, machine.Virtual.Mapping.Mmap(pid, At, Huge, ReadWrite, Fixed, default, 0, machine.Machine.Cpus[0], -1));
        CpuClock cpu = machine.Machine.Cpus[0];
        long head = Write(machine, pid, At), free = Pressure.Available(machine);
        machine.Virtual.Mapping.Munmap(pid, At, Huge / 2, cpu, -1);
        Assert.Equal((1, 1L), (machine.Spaces.Blocks.Queued, machine.Spaces.HugePages.DeferredSplits));
        Assert.Equal(free, Pressure.Available(machine));
        Assert.Equal(256, machine.Spaces[pid].AnonRss);
        machine.AssertInvariants();
        for (ulong at = At + Huge; machine.Spaces.Blocks.Queued > 0; at += Huge)
        {
            Assert.True(at < At + (64 * Huge), "memory was never short");
            Assert.Equal((long)at, machine.Virtual.Mapping.Mmap(pid, at, Huge, ReadWrite, Fixed, default, 0, cpu, -1));
            for (ulong page = at; page < at + Huge; page += 4096)
            {
                Write(machine, pid, page);
            }
        }
        Assert.Equal((FrameState.Allocated, 0), (machine.Machine.State.Memory.Pages.Frames[head + 256].State, machine.Machine.State.Memory.Pages.Frames[head + 256].Order));
        Assert.True(machine.Spaces.HugePages.PageSplits > 0);
        machine.AssertInvariants();
    }

    /// <summary>Any course of calls by a family of processes leaves frames, slots and blocks accounted for, and nothing behind at its end.</summary>
    [Theory]
    [InlineData(SwapDevice.Zram)]
    [InlineData(SwapDevice.Ssd)]
    public void AnyCourseOfCallsIsAccountedFor(SwapDevice device) =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 60 : 4),
            Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => Run(device, (ulong)(uint)seed)));

    private static void Run(SwapDevice device, ulong seed)
    {
        TestMachine machine = Make(device);
        var random = new RandomStream(seed, "calls");
        long before = Pressure.Available(machine);
        List<int> pids = [Start(machine, "first", blocks: 6)];
        MappingCalls calls = machine.Virtual.Mapping;
        CpuClock cpu = machine.Machine.Cpus[0];
        for (int step = 0; step < 120; step++)
        {
            int pid = pids[(int)random.NextBelow((ulong)pids.Count)];
            ulong block = At + (random.NextBelow(6) * Huge);
            bool whole = random.NextBelow(2) == 0;
            ulong start = whole ? block : block + (random.NextBelow(512) << 12), length = whole ? Huge : (1 + random.NextBelow(300)) << 12;
            switch (random.NextBelow(12))
            {
                case 0 when pids.Count < 4:
                    pids.Add((int)machine.Virtual.Processes.Fork(pid, $"p{step}", cpu, -1));
                    break;
                case 1 when pids.Count > 1:
                    machine.Virtual.Processes.Exit(pid, 0, 0, cpu, -1);
                    pids.Remove(pid);
                    break;
                case 2:
                    calls.Munmap(pid, start, length, cpu, -1);
                    break;
                case 3:
                    calls.Mmap(pid, block, Huge, ReadWrite, Fixed, default, 0, cpu, -1);
                    break;
                case 4:
                    calls.Madvise(pid, start, length, MemoryAdvice.DontNeed, cpu, -1);
                    break;
                case 5:
                    calls.Madvise(pid, start, length, MemoryAdvice.Free, cpu, -1);
                    break;
                case 6 or 7:
                    calls.Madvise(pid, start, length, MemoryAdvice.PageOut, cpu, -1);
                    break;
                case 8:
                    calls.Mprotect(pid, start, length, random.NextBelow(2) == 0 ? ProtFlags.Read : ReadWrite, cpu, -1);
                    break;
                case 9:
                    calls.Mremap(pid, block, Huge, Huge, RemapFlags.MayMove | RemapFlags.Fixed, At + ((8 + random.NextBelow(2)) * Huge), cpu, -1);
                    break;
                default:
                    for (ulong page = start; page < start + length; page += 4096 * (1 + random.NextBelow(40)))
                    {
                        Touch(machine, pid, page, random.NextBelow(3) > 0);
                    }
                    break;
            }
            string? violation = AddressSpaceInvariants.Violation(machine.Spaces, machine.Machine.State.Memory.Pages.Frames);
            Assert.True(violation is null, $"seed {seed}, step {step}: {violation}");
        }
        foreach (int pid in pids)
        {
            machine.Virtual.Processes.Exit(pid, 0, 0, cpu, -1);
        }
        machine.Virtual.Reclaim!.MemoryFreed(cpu, -1);
        machine.Run();
        // Nobody has waited for the processes, whose stacks are still there; the huge zero page is never given back.
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        long stacks = Enumerable.Range(0, frames.Count).Where(pfn => frames[pfn] is { State: FrameState.Allocated, Use: FrameUse.KernelStack })
            .Sum(pfn => 1L << frames[pfn].Order);
        Pressure.AssertAllGivenBack(machine, before - stacks - (machine.Spaces.HugeZeroPfn >= 0 ? 512 : 0));
        Assert.Equal(0, machine.Spaces.Blocks.Queued);
    }

    private static TestMachine Make(SwapDevice device) =>
        Pressure.Make(KernelProfile.X86_64, 1, device, 64L << 20, new MemoryLog(), TransparentHugePages.Always);

    private static int Start(TestMachine machine, string name, int blocks = 1)
    {
        CpuClock cpu = machine.Machine.Cpus[0];
        int pid = machine.Virtual.Processes.Create(name, cpu, -1);
        Assert.Equal((long)At, machine.Virtual.Mapping.Mmap(pid, At, (ulong)blocks * Huge, ReadWrite, Fixed, default, 0, cpu, -1));
        return pid;
    }

    private static long Write(TestMachine machine, int pid, ulong address)
    {
        Assert.Equal(FaultResult.Resolved, Touch(machine, pid, address, write: true));
        return machine.FrameAt(pid, address);
    }

    /// <summary>A fault at an address, with the device's answer waited for.</summary>
    private static FaultResult Touch(TestMachine machine, int pid, ulong address, bool write)
    {
        PageFaultErrorCode code = PageFaultErrorCode.User | (write ? PageFaultErrorCode.Write : 0);
        while (true)
        {
            FaultResult result = machine.Virtual.Faults.Handle(pid, address, code, machine.Machine.Cpus[0], -1, out _);
            if (result != FaultResult.Blocked)
            {
                return result;
            }
            Assert.True(machine.Machine.Scheduler.Step(long.MaxValue));
        }
    }
}
