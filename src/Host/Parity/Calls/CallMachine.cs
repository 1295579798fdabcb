using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Hardware.Events;
using Sim.Hardware.Paging;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Events;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Tasks;

namespace Sim.Host.Parity.Calls;

/// <summary>
/// The machine of a recording: 512 MiB, one CPU, the recorder's files in the page cache. It is booted once; every sequence is a
/// process on it.
/// </summary>
internal sealed class CallMachine
{
    private const long MemoryBytes = 512L << 20;

    // fault_around_bytes is 64 KiB.
    private const int FaultAroundPages = 16;

    private readonly Machine _machine;
    private readonly KernelOptions _kernel;
    private MmOptions? _mm;

    /// <param name="kernel">The kernel that was recorded.</param>
    public CallMachine(RecordedKernel kernel)
    {
        bool longMode = kernel.LongMode;
        var map = MemoryMap.FromSize(MemoryBytes);
        _kernel = new KernelOptions
        {
            Profile = longMode ? KernelProfile.X86_64 : KernelProfile.I386Pae,
            Mm = new MmOptions
            {
                FaultAroundPages = FaultAroundPages,
                LinuxVersion = kernel.Version,
                MmapMinAddress = kernel.MmapMinAddress,
                LowestPlacedAddress = kernel.LowestPlacedAddress,
                MaxMapCount = kernel.MaxMapCount,
                LegacyVaLayout = kernel.LegacyLayout,
            },
        };
        var options = new MachineOptions(
            new HardwareOptions { Frames = map.EndPfn, Paging = longMode ? PagingMode.X86_64FourLevel : PagingMode.I386Pae }, _kernel, map);
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        _machine = new Machine(options, new Journal(new NullBlockSink(), catalogue), new TimingWheelEventQueue());
        _machine.Boot();
        A = Load("A", 16);
        B = Load("B", 6);
        Target = Load("target", 4);
        Mapping = null!;
        Faults = null!;
        Processes = null!;
    }

    /// <summary>File A of the recorder: 16 pages.</summary>
    public int A { get; }

    /// <summary>File B: 5 pages and 100 bytes.</summary>
    public int B { get; }

    /// <summary>The recorded program itself: not quite 13 KiB.</summary>
    public int Target { get; }

    /// <summary>The address spaces.</summary>
    public AddressSpaces Spaces => _machine.State.Virtual.Spaces;

    /// <summary>The machine's state.</summary>
    public MachineState State => _machine.State;

    /// <summary>The CPU.</summary>
    public Cpu Cpu => _machine.Cpus[0];

    /// <summary>The calls.</summary>
    public MappingCalls Mapping { get; private set; }

    /// <summary>Page faults.</summary>
    public PageFaultHandler Faults { get; private set; }

    /// <summary>Beginning and end of processes.</summary>
    public Processes Processes { get; private set; }

    /// <summary>The number a name stands for.</summary>
    public int Intern(string name) => _machine.Journal.Intern(name);

    /// <summary>The name of a number.</summary>
    public string NameOf(int symbol) => _machine.Journal.Symbols[symbol];

    /// <summary>From now on the kernel believes that it has so much memory: recordings were made in different boots.</summary>
    /// <param name="pages">totalram_pages.</param>
    public void SetMemory(long pages)
    {
        MmOptions mm = _kernel.Mm with { TotalRamPages = pages };
        if (mm == _mm)
        {
            return;
        }
        _mm = mm;
        TlbConsistency tlb = _machine.Virtual.Tlb;
        Faults = new PageFaultHandler(Spaces, mm, _machine.Pages, _machine.Journal, tlb, _kernel.MmCosts);
        Mapping = new MappingCalls(Spaces, mm, _machine.Pages, _machine.Journal, tlb, _kernel.MmCosts, Faults);
        Processes = new Processes(
            _machine.State.Virtual, _machine.Pages, _machine.Journal, _kernel.MmCosts, new MemoryLimits(mm, _machine.Pages.State, Spaces), tlb);
    }

    /// <summary>A process accesses one byte, as its own code does.</summary>
    /// <returns>ok, SEGV_MAPERR, SEGV_ACCERR or SIGBUS.</returns>
    public string Touch(int pid, ulong address, AccessKind kind)
    {
        AddressSpace mm = Spaces[pid];
        _machine.Virtual.Tlb.Load(Cpu, mm, -1);
        if (Cpu.Mode != CpuMode.User)
        {
            Cpu.ReturnToUser(-1);
        }
        var access = new MemoryAccess(address, 1, kind);
        while (true)
        {
            AccessResult result = Cpu.Access(in access);
            if (result.Completed)
            {
                return "ok";
            }
            PageFault fault = result.Fault;
            EventHeader entry = Cpu.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, -1);
            SegvCode code = SegvCode.Kernel;
            FaultResult handled = fault.Vector != ExceptionVector.PageFault
                ? FaultResult.Segv
                : Faults.Handle(pid, fault.Address, fault.Code, Cpu, entry.Sequence, out code);
            Cpu.ReturnToUser(entry.Sequence);
            switch (handled)
            {
                case FaultResult.Resolved:
                    continue;
                case FaultResult.Bus:
                    return "SIGBUS";
                case FaultResult.OutOfMemory:
                    return "OOM";
                default:
                    return code == SegvCode.MapErr ? "SEGV_MAPERR" : "SEGV_ACCERR";
            }
        }
    }

    /// <summary>Ends a process.</summary>
    public void End(int pid)
    {
        if (Cpu.Mode == CpuMode.User)
        {
            Cpu.EnterKernel(EntryKind.Interrupt, 0, 0, 0, -1);
        }
        _machine.Virtual.Tlb.Leave(Spaces[pid], Cpu, -1);
        long stack = State.Virtual.Tasks[pid].StackPfn;
        long cause = Processes.Exit(pid, 0, Signal.Kill, Cpu, -1);
        Processes.Release(stack, Cpu, cause);
    }

    private int Load(string name, long pages)
    {
        int file = Intern(name);
        new FileLoader(Spaces, _machine.Pages, _machine.Journal).Load(file, pages, Cpu, -1);
        return file;
    }
}
