using Sim.Engine.Random;
using Sim.Engine.Snapshots;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>One task of <see cref="VmallocWorkload"/>: sleeps until a buffer is due to come or to go, and enters the kernel for it.</summary>
internal sealed class BufferProgram(
    Machine machine, VmallocOptions options, RandomStream random, FragmentedMemory fragments, bool fragmenting) : IProgram
{
    /// <summary>How often the other tasks look whether memory is ready.</summary>
    private const long PollPs = 1_000_000_000;

    // Made anew after a snapshot, which does not have them.
    [NotInSnapshot]
    private WeightedChoice? _sizes;

    [NotInSnapshot]
    private DurationDistribution? _every, _lifetime;
    private readonly BufferCosts _kmalloc = new(), _vmalloc = new();
    private readonly List<Buffer> _buffers = [];
    private readonly List<long> _highPages = [];
    private long _arrivalPs = -1, _endPs;

    /// <summary>The task.</summary>
    public int Pid { get; set; }

    private WeightedChoice Sizes => _sizes ??= new WeightedChoice([.. options.Sizes.Select(s => s.Weight)]);

    private DurationDistribution Every => _every ??= DurationDistribution.Exponential(options.Every.Ps);

    private DurationDistribution Lifetime => _lifetime ??= options.Lifetime.ToDistribution();

    /// <summary>What the buffers of one kind have cost.</summary>
    public BufferCosts CostsOf(bool contiguous) => contiguous ? _kmalloc : _vmalloc;

    public ProgramStatus Step(TaskContext task)
    {
        if (!fragments.IsReady)
        {
            return Fragment(task);
        }
        long nowPs = task.Cpu.TimePs;
        if (_arrivalPs < 0)
        {
            (_arrivalPs, _endPs) = (nowPs + Every.Sample(random), nowPs + options.Duration.Ps);
        }
        bool over = nowPs >= _endPs;
        if (_buffers.Count > 0 && (over || _buffers[0].ExpiresPs <= nowPs))
        {
            InKernel(task, cause => Free(task.Cpu, cause));
        }
        else if (over)
        {
            InKernel(task, cause => End(task.Cpu, cause));
            return ProgramStatus.Exited;
        }
        else if (_arrivalPs <= nowPs)
        {
            _arrivalPs = nowPs + Every.Sample(random);
            InKernel(task, cause => Take(task.Cpu, cause));
        }
        else
        {
            long next = Math.Min(_arrivalPs, _endPs);
            task.SleepPs = Math.Max(1, (_buffers.Count > 0 ? Math.Min(next, _buffers[0].ExpiresPs) : next) - nowPs);
            return ProgramStatus.Sleeping;
        }
        return ProgramStatus.Running;
    }

    private ProgramStatus Fragment(TaskContext task)
    {
        if (!fragmenting)
        {
            task.SleepPs = PollPs;
            return ProgramStatus.Sleeping;
        }
        InKernel(task, cause => fragments.GoOn(task.Cpu, Pid, cause));
        return ProgramStatus.Running;
    }

    private void End(Cpu cpu, long cause)
    {
        UnmapHighPages(cpu, cause);
        if (fragmenting)
        {
            fragments.End(cpu, cause);
        }
    }

    private void Take(Cpu cpu, long cause)
    {
        // All draws are made whatever the answers are.
        int bytes = options.Sizes[Sizes.Sample(random)].Bytes;
        bool contiguous = random.NextBelow(100) < (ulong)options.KmallocPercent;
        long lifetimePs = Lifetime.Sample(random);
        BufferCosts costs = CostsOf(contiguous);
        costs.Requests++;
        long before = cpu.TimePs;
        long physical = contiguous ? machine.Slab.Kmalloc(bytes, GfpFlags.Kernel | GfpFlags.NoWarn, cpu, cause) : 0;
        ulong address = contiguous
            ? physical < 0 ? 0 : machine.State.Virtual.Spaces.Kernel.PageOffset + (ulong)physical
            : machine.Vmalloc.Alloc(bytes, GfpFlags.Kernel | GfpFlags.NoWarn, machine.Journal.Intern("driver_buffer"), cpu, cause);
        costs.AllocPs += cpu.TimePs - before;
        if (address == 0)
        {
            costs.Failures++;
        }
        else
        {
            costs.Bytes += bytes;
            costs.WastedBytes += (contiguous ? machine.Slab.SizeOf(physical) : (bytes + Page.Size - 1) & -Page.Size) - bytes;
            Keep(new Buffer { Address = address, Physical = contiguous ? physical : -1, ExpiresPs = cpu.TimePs + lifetimePs });
        }
        Read(cpu, address, bytes, costs, cause);
        TakeHighPages(cpu, cause);
    }

    private void Read(Cpu cpu, ulong address, int bytes, BufferCosts costs, long cause)
    {
        long before = cpu.TimePs;
        CpuCounters from = cpu.Counters;
        for (int i = 0; i < options.Reads; i++)
        {
            ulong offset = random.NextBelow((ulong)(bytes + 63) / 64) * 64;
            if (address != 0)
            {
                machine.KernelFaults.Access(cpu, address + offset, 1, AccessKind.Load, cause);
                costs.Reads++;
            }
        }
        CpuCounters to = cpu.Counters;
        costs.ReadPs += cpu.TimePs - before;
        costs.TlbMisses += to.L1TlbMisses - from.L1TlbMisses;
        costs.Walks += to.Walks - from.Walks;
    }

    private void Free(Cpu cpu, long cause)
    {
        Buffer buffer = _buffers[0];
        _buffers.RemoveAt(0);
        long before = cpu.TimePs;
        if (buffer.Physical >= 0)
        {
            machine.Slab.Kfree(buffer.Physical, cpu, cause);
        }
        else
        {
            machine.Vmalloc.Free(buffer.Address, cpu, cause);
        }
        CostsOf(buffer.Physical >= 0).FreePs += cpu.TimePs - before;
    }

    /// <summary>Maps new pages for as long as the task likes, and copies into each with a mapping of the CPU's.</summary>
    private void TakeHighPages(Cpu cpu, long cause)
    {
        if (options.HighPages == 0 || machine.State.Virtual.Spaces.Kernel.IsLong)
        {
            return;
        }
        UnmapHighPages(cpu, cause);
        for (int i = 0; i < options.HighPages; i++)
        {
            long pfn = machine.Pages.AllocPages(0, GfpFlags.HighUser, Pid, cpu, cause);
            if (pfn < 0)
            {
                return;
            }
            // Never more mappings than there are: tasks and pages are few enough.
            ulong mapped = machine.Mapper.Map(pfn, Pid, cpu, cause);
            _highPages.Add(pfn);
            machine.KernelFaults.Access(cpu, mapped, 8, AccessKind.Store, cause);
            ulong local = machine.Mapper.MapLocal(pfn, cpu, cause);
            machine.KernelFaults.Access(cpu, local, 8, AccessKind.Load, cause);
            machine.Mapper.UnmapLocal(local, cpu, cause);
        }
    }

    private void UnmapHighPages(Cpu cpu, long cause)
    {
        foreach (long pfn in _highPages)
        {
            machine.Mapper.Unmap(pfn, cpu, cause);
            machine.Pages.FreePages(pfn, 0, cpu, cause);
        }
        _highPages.Clear();
    }

    private void Keep(Buffer buffer)
    {
        int at = _buffers.FindLastIndex(b => b.ExpiresPs <= buffer.ExpiresPs) + 1;
        _buffers.Insert(at, buffer);
    }

    /// <summary>A call into the driver.</summary>
    private void InKernel(TaskContext task, Action<long> work)
    {
        int ioctl = machine.State.Options.Kernel.Profile == KernelProfile.X86_64 ? 16 : 54;
        long entry = task.Cpu.EnterKernel(EntryKind.Syscall, ioctl, 0, 0, -1).Sequence;
        work(entry);
        task.Cpu.ReturnToUser(entry);
    }

    /// <summary>A buffer in use.</summary>
    private struct Buffer
    {
        public ulong Address;
        public long Physical, ExpiresPs;
    }
}
