using Sim.Hardware.Cpu;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tasks;

/// <summary>
/// Keeps the CPUs' translations true: loads address spaces, with process-context identifiers where the CPUs have them, and
/// drops translations on every CPU that runs the address space (arch/x86/mm/tlb.c). CPUs that only remember it find out by
/// its generation when they switch to it again. Execution state.
/// </summary>
public sealed class TlbConsistency : ITlbFlush
{
    // The kernel keeps six address spaces per CPU (TLB_NR_DYN_ASIDS).
    private const int Contexts = 6;
    private const int InvalidateVector = 0xfb;

    private struct Context
    {
        public int Pid;
        public long Generation;
    }

    private readonly Cpu[] _cpus;
    private readonly bool _pcid;
    private readonly long _ceiling, _shootdownPs;
    private readonly Context[] _contexts;
    private readonly int[] _active, _next;
    private long[] _generations = new long[16];

    /// <param name="cpus">All CPUs.</param>
    /// <param name="pcid">They have process-context identifiers.</param>
    /// <param name="options">Ceiling and costs.</param>
    public TlbConsistency(Cpu[] cpus, bool pcid, TaskOptions options)
    {
        _cpus = cpus;
        _pcid = pcid;
        _ceiling = options.FlushCeilingPages;
        _shootdownPs = options.ShootdownNs * 1000L;
        _contexts = new Context[cpus.Length * Contexts];
        _active = new int[cpus.Length];
        _next = new int[cpus.Length];
    }

    /// <summary>Translations dropped on other CPUs by interrupting them.</summary>
    public long Shootdowns { get; private set; }

    /// <summary>Loads an address space (<c>switch_mm_irqs_off</c>).</summary>
    public void Load(Cpu cpu, AddressSpace mm, long cause)
    {
        if (!_pcid)
        {
            cpu.LoadRoot(mm.Root, 0, cause);
            return;
        }
        Span<Context> contexts = _contexts.AsSpan(cpu.Id * Contexts, Contexts);
        long generation = Generation(mm.Pid);
        int slot = 0;
        while (slot < Contexts && contexts[slot].Pid != mm.Pid)
        {
            slot++;
        }
        bool known = slot < Contexts;
        if (!known)
        {
            slot = _next[cpu.Id];
            _next[cpu.Id] = (slot + 1) % Contexts;
        }
        bool current = known && contexts[slot].Generation == generation;
        contexts[slot] = new Context { Pid = mm.Pid, Generation = generation };
        _active[cpu.Id] = slot;
        cpu.LoadRoot(mm.Root, slot + 1, cause);
        if (!current)
        {
            cpu.FlushTlb(TlbFlushScope.Context, cause);
        }
    }

    /// <summary>Loads the kernel's own table: the address space before it is about to end.</summary>
    public void LoadKernel(Cpu cpu, long root, long cause) => cpu.LoadRoot(root, 0, cause);

    public void FlushRange(AddressSpace mm, ulong start, ulong end, int cpuId, long cause)
    {
        if (mm.Pid >= _generations.Length)
        {
            Array.Resize(ref _generations, Math.Max(mm.Pid + 1, _generations.Length * 2));
        }
        _generations[mm.Pid]++;
        Cpu self = _cpus[cpuId];
        if (self.Root == mm.Root)
        {
            Flush(self, mm.Pid, start, end, cause);
        }
        foreach (Cpu other in _cpus)
        {
            if (other != self && other.Root == mm.Root)
            {
                Shootdowns++;
                bool user = other.Mode == CpuMode.User;
                long at = other.EnterKernel(EntryKind.Interrupt, InvalidateVector, 0, 0, cause).Sequence;
                Flush(other, mm.Pid, start, end, at);
                _ = user ? other.ReturnToUser(at) : other.ReturnToKernel(at);
                self.Charge(_shootdownPs);
            }
        }
    }

    private void Flush(Cpu cpu, int pid, ulong start, ulong end, long cause)
    {
        long pages = (long)((end - start) >> 12);
        if (pages <= _ceiling)
        {
            cpu.InvalidatePages(start, pages, cause);
        }
        else
        {
            cpu.FlushTlb(_pcid ? TlbFlushScope.Context : TlbFlushScope.NonGlobal, cause);
        }
        if (_pcid)
        {
            _contexts[cpu.Id * Contexts + _active[cpu.Id]].Generation = Generation(pid);
        }
    }

    private long Generation(int pid) => pid < _generations.Length ? _generations[pid] : 0;
}
