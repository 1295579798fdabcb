using BenchmarkDotNet.Attributes;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;

namespace Sim.Benchmarks;

/// <summary>Page faults from the access to the access made again, everything logged; each page is unmapped afterwards.</summary>
[MemoryDiagnoser]
public class FaultBenchmarks
{
    private const int Pages = 4096;
    private const MapFlags Kind = MapFlags.Private | MapFlags.Anonymous | MapFlags.NoReserve;

    private readonly Machine _machine = BootedMachine.Create();
    private ulong _start;
    private int _pid;

    [GlobalSetup]
    public void Setup()
    {
        Cpu cpu = _machine.Cpus[0];
        _pid = _machine.Virtual.Processes.Create("faults", cpu, -1);
        _start = (ulong)Check(_machine.Virtual.Mapping.Mmap(_pid, 0, (ulong)Pages << 12, ProtFlags.Read | ProtFlags.Write, Kind, default, 0, cpu, -1));
        _machine.Virtual.Tlb.Load(cpu, _machine.State.Virtual.Spaces[_pid], -1);
        cpu.ReturnToUser(-1);
    }

    /// <summary>A page that is read first: the zero page.</summary>
    [Benchmark(OperationsPerInvoke = Pages)]
    public void AnonymousRead() => TouchAndUnmap(AccessKind.Load);

    /// <summary>A page that is written first: a frame of its own.</summary>
    [Benchmark(OperationsPerInvoke = Pages)]
    public void AnonymousWrite() => TouchAndUnmap(AccessKind.Store);

    private void TouchAndUnmap(AccessKind kind)
    {
        Cpu cpu = _machine.Cpus[0];
        for (ulong address = _start; address < _start + ((ulong)Pages << 12); address += 4096)
        {
            var access = new MemoryAccess(address, 8, kind);
            for (AccessResult result = cpu.Access(in access); !result.Completed; result = cpu.Access(in access))
            {
                PageFault fault = result.Fault;
                long entry = cpu.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, -1).Sequence;
                if (_machine.Virtual.Faults.Handle(_pid, fault.Address, fault.Code, cpu, entry, out _) != FaultResult.Resolved)
                {
                    throw new InvalidOperationException($"Exception {fault.Vector} at 0x{fault.Address:x}.");
                }
                cpu.ReturnToUser(entry);
            }
        }
        long call = cpu.EnterKernel(EntryKind.Syscall, 0, 0, 0, -1).Sequence;
        Check(_machine.Virtual.Mapping.Madvise(_pid, _start, (ulong)Pages << 12, MemoryAdvice.DontNeed, cpu, call));
        cpu.ReturnToUser(call);
    }

    private static long Check(long result) => result is < 0 and > -4096 ? throw new InvalidOperationException($"errno {-result}") : result;
}
