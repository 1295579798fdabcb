using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Cpu;
using Sim.Hardware.Memory;
using Sim.Hardware.Paging;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Support;

/// <summary>Address spaces on a booted kernel, without CPUs: touches look at the page tables themselves.</summary>
internal sealed class TestVirtualMemory : ITlbFlush
{
    public TestVirtualMemory(
        KernelProfile profile = KernelProfile.X86_64, long bytes = 256L << 20, MmOptions? options = null, IBlockSink? sink = null,
        TransparentHugePages huge = TransparentHugePages.Never, HugePageDefrag defrag = HugePageDefrag.Madvise)
    {
        Options = options ?? new MmOptions();
        Kernel = new TestKernel(bytes, sink: sink, options: new KernelOptions
        {
            Profile = profile,
            TransparentHugePages = huge,
            TransparentHugePagesDefrag = defrag,
        });
        Mode = profile switch
        {
            KernelProfile.X86_64 => PagingMode.X86_64FourLevel,
            KernelProfile.I386Pae => PagingMode.I386Pae,
            _ => PagingMode.I386TwoLevel,
        };
        Memory = new PhysicalMemory(Kernel.Pages.Frames.Count, Mode);
        State = new VirtualMemoryState(profile, Options, Mode, 1, Kernel.Pages.Frames, Memory);
        KernelMappings.Boot(State.Spaces, Kernel.Pages.Frames, Kernel.Pages.Profile.DirectMapEndPfn, Kernel.Journal);
        var costs = new MmCosts();
        (Mapping, Faults) = Deciders(Options);
        Processes = new Processes(State, Kernel.Allocator, Kernel.Journal, costs, new MemoryLimits(Options, Kernel.Pages, State.Spaces), this);
    }

    public MmOptions Options { get; }
    public TestKernel Kernel { get; }
    public PagingMode Mode { get; }
    public PhysicalMemory Memory { get; }
    public VirtualMemoryState State { get; }
    public AddressSpaces Spaces => State.Spaces;
    public MappingCalls Mapping { get; private set; }
    public PageFaultHandler Faults { get; private set; }
    public Processes Processes { get; }
    public CpuClock Cpu => Kernel.Cpu;

    /// <summary>Ranges the kernel asked to flush, in pages.</summary>
    public List<(ulong Start, ulong End)> Flushes { get; } = [];

    /// <summary>From now on the processes have these limits.</summary>
    public void Limit(long addressSpaceBytes, long dataBytes) =>
        (Mapping, Faults) = Deciders(Options with { AddressSpaceLimitBytes = addressSpaceBytes, DataLimitBytes = dataBytes });

    private (MappingCalls, PageFaultHandler) Deciders(MmOptions options)
    {
        var faults = new PageFaultHandler(
            State.Spaces, options, Kernel.Allocator, Kernel.Journal, this, new MmCosts(),
            HugePageFaults.Of(Kernel.Options, State.Spaces, Kernel.Allocator, Kernel.Journal, this));
        return (new MappingCalls(State.Spaces, options, Kernel.Allocator, Kernel.Journal, this, new MmCosts(), faults), faults);
    }

    public void FlushRange(AddressSpace mm, ulong start, ulong end, int cpuId, long cause, int strideShift = ITlbFlush.PageShift, bool freedTables = false) =>
        Flushes.Add((start, end));

    public void FlushKernelRange(ulong start, ulong end, int cpuId, long cause) => Flushes.Add((start, end));

    public bool ShouldDefer(AddressSpace mm, int cpuId) => false;

    public void AddToBatch(AddressSpace mm, int cpuId, long cause) => throw new InvalidOperationException("There is one CPU.");

    public void FlushBatch(int cpuId, long cause)
    {
    }

    public int NewProcess() => Processes.Create("test", Cpu, -1);

    public long Mmap(int pid, ulong address, ulong length, ProtFlags prot, MapFlags flags, MappedFile file = default, ulong offset = 0) =>
        Mapping.Mmap(pid, address, length, prot, flags, file, offset, Cpu, -1);

    public long Munmap(int pid, ulong address, ulong length) => Mapping.Munmap(pid, address, length, Cpu, -1);

    public long Mprotect(int pid, ulong address, ulong length, ProtFlags prot) => Mapping.Mprotect(pid, address, length, prot, Cpu, -1);

    public long Brk(int pid, ulong brk) => Mapping.Brk(pid, brk, Cpu, -1);

    /// <summary>Accesses an address as a CPU in user mode does, with as many faults as it takes.</summary>
    /// <returns>The kind of SIGSEGV, or none.</returns>
    public SegvCode Touch(int pid, ulong address, bool write, bool fetch = false)
    {
        if (address >= Spaces.Layout.TaskSize)
        {
            // The direct map is there, and not for user mode.
            Faults.Handle(pid, address, PageFaultErrorCode.User | PageFaultErrorCode.Protection, Cpu, -1, out SegvCode kernel);
            return kernel;
        }
        for (int tries = 0; tries < 4; tries++)
        {
            ulong entry = Spaces.Tables.ReadPte(Spaces[pid].Root, address);
            PteFlags flags = Mode.FlagsOf(entry);
            bool present = (flags & PteFlags.Present) != 0;
            if (present && (!write || (flags & PteFlags.Write) != 0) && !(fetch && (flags & PteFlags.NoExecute) != 0))
            {
                return SegvCode.None;
            }
            PageFaultErrorCode code = PageFaultErrorCode.User | (present ? PageFaultErrorCode.Protection : 0)
                | (write ? PageFaultErrorCode.Write : 0) | (fetch && Mode.HasNoExecute ? PageFaultErrorCode.Instruction : 0);
            if (Faults.Handle(pid, address, code, Cpu, -1, out SegvCode segv) != FaultResult.Resolved)
            {
                return segv;
            }
        }
        throw new InvalidOperationException($"The access to 0x{address:x} faults for ever.");
    }

    /// <summary>Frame that a page is mapped to; -1 when it is not.</summary>
    public long FrameAt(int pid, ulong address)
    {
        ulong entry = Spaces.Tables.ReadPte(Spaces[pid].Root, address);
        return entry == 0 ? -1 : Mode.PfnOf(entry);
    }

    /// <summary>The areas as start, end and flags.</summary>
    public List<VmArea> AreasOf(int pid)
    {
        var areas = new List<VmArea>();
        AreaIndex index = Spaces[pid].Areas;
        for (AreaCursor at = AreaIndex.First; index.IsValid(at); at = index.Next(at))
        {
            areas.Add(Spaces.Areas[index.Handle(at)]);
        }
        return areas;
    }

    public void AssertInvariants()
    {
        Assert.Null(AddressSpaceInvariants.Violation(Spaces, Kernel.Pages.Frames));
        Kernel.AssertInvariants();
    }

    public ulong Hash()
    {
        var hash = new XxHash64(0);
        Memory.HashInto(ref hash);
        State.HashInto(ref hash);
        Kernel.State.HashInto(ref hash);
        return hash.Finish();
    }

    /// <summary>The hash of what folding the log of this kernel gives.</summary>
    public ulong FoldedHash(MemoryLog log, Action<KernelMemoryState, VirtualMemoryState>? check = null)
    {
        Kernel.Journal.Complete();
        var kernel = new KernelMemoryState(Kernel.Options, Kernel.Map, 1);
        var memory = new PhysicalMemory(kernel.Pages.Frames.Count, Mode);
        var state = new VirtualMemoryState(Kernel.Options.Profile, Options, Mode, 1, kernel.Pages.Frames, memory);
        log.Fold(Kernel.Catalogue, [.. kernel.Appliers, .. state.Appliers, memory], after: _ => check?.Invoke(kernel, state));
        var hash = new XxHash64(0);
        memory.HashInto(ref hash);
        state.HashInto(ref hash);
        kernel.HashInto(ref hash);
        return hash.Finish();
    }

    /// <summary>Frames free on any list.</summary>
    public long FreeFrames()
    {
        long free = 0;
        var frames = Kernel.Pages.Frames;
        for (int pfn = 0; pfn < frames.Count; pfn++)
        {
            free += frames[pfn].State is FrameState.Buddy or FrameState.Pcp ? 1L << frames[pfn].Order : 0;
        }
        return free;
    }
}
