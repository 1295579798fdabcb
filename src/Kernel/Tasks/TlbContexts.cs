using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>
/// What the kernel knows of the CPUs' TLBs (<c>cpu_tlbstate</c>, <c>mm_context_t</c>): the generation of each address space, the
/// address space each CPU has loaded, and how far each CPU's translations of the address spaces it remembers are up to date.
/// Sourced state.
/// </summary>
public sealed class TlbContexts :
    IApply<MmSwitch>, IApply<MmLazyTlb>, IApply<MmTlbFlush>, IApply<MmTlbDefer>, IApply<MmTlbBatch>, IApply<MmTlbKernel>
{
    /// <summary>Address spaces a CPU remembers where it has process-context identifiers (<c>TLB_NR_DYN_ASIDS</c>).</summary>
    public const int Slots = 6;

    private const int Nobody = -1;

    private struct Context
    {
        public int Pid;
        public long Generation;
    }

    private readonly Context[] _contexts;
    private readonly int[] _loaded, _slot, _next;
    private readonly bool[] _lazy, _batched;
    private readonly bool[] _inBatch;
    private long[] _generations = new long[16];

    /// <param name="cpus">Number of CPUs; each starts with the kernel's own address space.</param>
    public TlbContexts(int cpus)
    {
        Cpus = cpus;
        _contexts = new Context[cpus * Slots];
        Array.Fill(_contexts, new Context { Pid = Nobody });
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            _contexts[cpu * Slots].Pid = 0;
        }
        _loaded = new int[cpus];
        _slot = new int[cpus];
        _next = new int[cpus];
        Array.Fill(_next, 1);
        _lazy = new bool[cpus];
        _batched = new bool[cpus];
        _inBatch = new bool[cpus * cpus];
    }

    /// <summary>Number of CPUs.</summary>
    public int Cpus { get; }

    /// <summary>Flushes that concerned other CPUs (<c>nr_tlb_remote_flush</c>).</summary>
    public long RemoteFlushes { get; private set; }

    /// <summary>Flushes that CPUs made because another one asked (<c>nr_tlb_remote_flush_received</c>).</summary>
    public long RemoteFlushesReceived { get; private set; }

    /// <summary>Times a CPU dropped all translations of its address space of its own accord (<c>nr_tlb_local_flush_all</c>).</summary>
    public long LocalFlushesAll { get; private set; }

    /// <summary>Translations that CPUs dropped one by one of their own accord (<c>nr_tlb_local_flush_one</c>).</summary>
    public long LocalFlushesOne { get; private set; }

    /// <summary>Process whose address space a CPU has loaded, lazily perhaps (<c>loaded_mm</c>); 0 for the kernel's own.</summary>
    public int Loaded(int cpu) => _loaded[cpu];

    /// <summary>The slot in which a CPU remembers the address space it has loaded (<c>loaded_mm_asid</c>).</summary>
    public int LoadedSlot(int cpu) => _slot[cpu];

    /// <summary>The CPU is in lazy TLB mode.</summary>
    public bool IsLazy(int cpu) => _lazy[cpu];

    /// <summary>The CPU's batch is not empty (<c>flush_required</c>).</summary>
    public bool HasBatch(int cpu) => _batched[cpu];

    /// <summary>The batch of a CPU concerns another, or itself.</summary>
    public bool IsInBatch(int cpu, int other) => _inBatch[cpu * Cpus + other];

    /// <summary>How often entries of an address space were changed that CPUs may remember (<c>tlb_gen</c>).</summary>
    public long Generation(int pid) => (uint)pid < (uint)_generations.Length ? _generations[pid] : 0;

    /// <summary>The process that a CPU remembers in a slot; negative for none.</summary>
    public int Remembered(int cpu, int slot) => _contexts[cpu * Slots + slot].Pid;

    /// <summary>What a CPU remembers in a slot is as the page tables are: no flush is owed.</summary>
    public bool IsCurrent(int cpu, int slot)
    {
        ref readonly Context context = ref _contexts[cpu * Slots + slot];
        return context.Pid != Nobody && context.Generation == Generation(context.Pid);
    }

    /// <summary>The slot in which a CPU remembers an address space; -1 for none.</summary>
    public int SlotOf(int cpu, int pid)
    {
        int slot = Slots - 1;
        while (slot >= 0 && _contexts[cpu * Slots + slot].Pid != pid)
        {
            slot--;
        }
        return slot;
    }

    /// <summary>The slot that a CPU gives to the next address space it does not remember.</summary>
    public int NextSlot(int cpu) => _next[cpu] % Slots;

    /// <summary>Some CPU but this one has the address space loaded, lazily perhaps (<c>mm_cpumask</c>).</summary>
    public bool IsLoadedElsewhere(int pid, int cpu)
    {
        for (int other = 0; other < Cpus; other++)
        {
            if (other != cpu && _loaded[other] == pid)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A flush that one CPU asks for is made on another one at once, by an interrupt (<c>tlb_is_not_lazy</c>).</summary>
    public bool IsInterrupted(int cpu, int pid, bool freedTables) => _loaded[cpu] == pid && (freedTables || !_lazy[cpu]);

    /// <summary>A CPU that brings its address space up to date needs to drop no more than the entries asked for (<c>flush_tlb_func</c>).</summary>
    public bool MayFlushOneByOne(int cpu) =>
        _contexts[cpu * Slots + _slot[cpu]].Generation + 1 == Generation(_loaded[cpu]);

    public void Apply(in MmSwitch e, in EventHeader header)
    {
        ref Context context = ref _contexts[e.Cpu * Slots + e.AsidIndex];
        if (e.AsidIndex == _next[e.Cpu] % Slots && context.Pid != e.Pid)
        {
            _next[e.Cpu] = e.AsidIndex + 1;
        }
        if (e.Flush)
        {
            context = new Context { Pid = e.Pid, Generation = Generation(e.Pid) };
        }
        _loaded[e.Cpu] = e.Pid;
        _slot[e.Cpu] = e.AsidIndex;
        _lazy[e.Cpu] = false;
    }

    public void Apply(in MmLazyTlb e, in EventHeader header) => _lazy[e.Cpu] = true;

    public void Apply(in MmTlbFlush e, in EventHeader header)
    {
        if (IsLoadedElsewhere(e.Pid, e.Cpu))
        {
            RemoteFlushes++;
        }
        RemoteFlushesReceived += e.Interrupted;
        Raise(e.Pid);
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            // A lazy CPU leaves the address space instead, if it is asked at all.
            if (_loaded[cpu] == e.Pid && !_lazy[cpu])
            {
                CatchUp(cpu, e.Cpu, e.Pages);
            }
        }
    }

    public void Apply(in MmTlbDefer e, in EventHeader header)
    {
        Raise(e.Pid);
        _batched[e.Cpu] = true;
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            _inBatch[e.Cpu * Cpus + cpu] |= _loaded[cpu] == e.Pid;
        }
    }

    public void Apply(in MmTlbBatch e, in EventHeader header)
    {
        RemoteFlushes += e.Interrupted > 0 ? 1 : 0;
        RemoteFlushesReceived += e.Interrupted;
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            if (_inBatch[e.Cpu * Cpus + cpu] && !_lazy[cpu] && _loaded[cpu] != 0)
            {
                CatchUp(cpu, e.Cpu, 0);
            }
            _inBatch[e.Cpu * Cpus + cpu] = false;
        }
        _batched[e.Cpu] = false;
    }

    public void Apply(in MmTlbKernel e, in EventHeader header)
    {
        if (e.Pages == 0)
        {
            // do_flush_tlb_all counts every CPU as one that was asked, the asking one too.
            RemoteFlushesReceived += Cpus;
            LocalFlushesAll += Cpus;
        }
        else
        {
            LocalFlushesOne += e.Pages * Cpus;
        }
    }

    /// <summary>Appends the state in canonical form.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<int>(_loaded);
        hash.AddSpan<int>(_slot);
        hash.AddSpan<int>(_next);
        for (int cpu = 0; cpu < Cpus; cpu++)
        {
            hash.Add((_lazy[cpu] ? 1 : 0) | (_batched[cpu] ? 2 : 0));
        }
        foreach (bool inBatch in _inBatch)
        {
            hash.Add(inBatch ? 1 : 0);
        }
        foreach (Context context in _contexts)
        {
            hash.Add(context.Pid);
            hash.Add(context.Generation);
        }
        for (int pid = 0; pid < _generations.Length; pid++)
        {
            // The array's length says nothing.
            if (_generations[pid] != 0)
            {
                hash.Add(pid);
                hash.Add(_generations[pid]);
            }
        }
        hash.Add(RemoteFlushes);
        hash.Add(RemoteFlushesReceived);
        hash.Add(LocalFlushesAll);
        hash.Add(LocalFlushesOne);
    }

    private void Raise(int pid)
    {
        if (pid >= _generations.Length)
        {
            Array.Resize(ref _generations, Math.Max(pid + 1, _generations.Length * 2));
        }
        _generations[pid]++;
    }

    private void CatchUp(int cpu, int asking, long pages)
    {
        if (cpu == asking)
        {
            bool oneByOne = pages > 0 && MayFlushOneByOne(cpu);
            LocalFlushesOne += oneByOne ? pages : 0;
            LocalFlushesAll += oneByOne ? 0 : 1;
        }
        _contexts[cpu * Slots + _slot[cpu]].Generation = Generation(_loaded[cpu]);
    }
}
