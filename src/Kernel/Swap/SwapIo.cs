using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;

namespace Sim.Kernel.Swap;

/// <summary>
/// Reading and writing pages of the swap area (mm/page_io.c, Linux 6.1): requests go to the device, completions come back as
/// messages, which is an interrupt, and wake who waits. Execution state.
/// </summary>
internal sealed class SwapIo : IComponent
{
    /// <summary>Message: the device is done with frame <c>A</c>; <c>B</c> tells a write.</summary>
    public const ushort Done = 1;

    private const int DiskVector = 0x2e;

    private readonly AddressSpaces _spaces;
    private readonly ReclaimState _state;
    private readonly Journal _journal;
    private readonly Scheduler _scheduler;
    private readonly Cpu _cpu;
    private readonly IBlockDevice[] _devices;
    private readonly ZramPool? _pool;
    private readonly long _submitPs;
    private readonly ushort _id;
    private readonly PageWaiters _waiters;

    public SwapIo(
        AddressSpaces spaces, Journal journal, Scheduler scheduler, Cpu cpu, Func<Scheduler, IEnumerable<IBlockDevice>> devices, ReclaimOptions options,
        ZramPool? pool, PageWaiters waiters)
    {
        _waiters = waiters;
        _pool = pool;
        _spaces = spaces;
        _state = spaces.Reclaim!;
        _journal = journal;
        _scheduler = scheduler;
        _cpu = cpu;
        _id = scheduler.Register(this);
        _devices = [.. devices(scheduler)];
        _submitPs = options.SubmitNs * 1000L;
    }

    /// <summary>Told of every page written.</summary>
    public Action<long>? Written { get; set; }

    /// <summary>Pages are read past the swap cache: the slot's device answers at once.</summary>
    public bool IsSynchronous(int slot) => DeviceOf(slot).IsSynchronous;

    /// <summary>What the areas are on.</summary>
    public IReadOnlyList<IBlockDevice> Devices => _devices;

    /// <summary>Some area is on a device with a head that moves (<c>nr_rotate_swap</c>).</summary>
    public bool IsRotational => _state.Swap.Area.AnyRotational;

    /// <summary>The device that a page would be written to takes no more requests at the moment.</summary>
    public bool IsFull(int pfn, CpuClock cpu)
    {
        int mapping = _spaces.ReverseMap.Mapping(pfn);
        int slot = mapping > 0 ? mapping : _state.Swap.NextSlot(cpu.Id);
        return slot > 0 ? DeviceOf(slot).IsFull : _devices.Length > 0 && Array.TrueForAll(_devices, device => device.IsFull);
    }

    /// <summary>The slot that a CPU uses next, taking more when it has none; 0 when the area is full.</summary>
    public int NextSlot(CpuClock cpu, long cause)
    {
        SwapState swap = _state.Swap;
        if (swap.NextSlot(cpu.Id) == 0 && swap.Area.Free > 0)
        {
            var e = new SwapRefill((byte)cpu.Id);
            EventHeader header = _journal.Emit(in e, cause);
            swap.Apply(in e, in header);
        }
        return swap.NextSlot(cpu.Id);
    }

    /// <summary>First slot of a cluster taken for a huge page; 0 when no cluster is free as a whole.</summary>
    public int TakeCluster(long cause)
    {
        SwapState swap = _state.Swap;
        if (swap.Area.ClusterSlots != _spaces.Blocks.Pages || swap.Area.Free < swap.Area.ClusterSlots)
        {
            return 0;
        }
        int slot = swap.Area.FreeCluster;
        // The area's turn is over even if it has none.
        if (slot != 0 || swap.Area.Count > 1)
        {
            var e = new SwapCluster(slot);
            EventHeader header = _journal.Emit(in e, cause);
            swap.Apply(in e, in header);
        }
        return slot;
    }

    /// <summary>
    /// Writes a page of the swap cache to its slot, or a block to its cluster; true when that is done on return.
    /// </summary>
    public bool Write(int pfn, CpuClock cpu, long cause)
    {
        int slot = _spaces.ReverseMap.Mapping(pfn);
        if (_pool is not null && _state.Swap.Area.Device(SwapAreas.TypeOf(slot)) == SwapDevice.Zram && !_pool.TryGrow(PagesOf(pfn), cpu, cause))
        {
            var keep = new ReclaimKeep(pfn, KeepReason.MayNot);
            EventHeader kept = _journal.Emit(in keep, cause);
            _spaces.Apply(in keep, in kept);
            return false;
        }
        cpu.Charge(_submitPs);
        var e = new ReclaimPageout(pfn, IsSynchronous(slot));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        cpu.Charge(Submit(pfn, write: true, cpu, header.Sequence));
        return IsSynchronous(slot);
    }

    /// <summary>Reads a slot's page into a frame that has joined the swap cache.</summary>
    public void Read(long pfn, CpuClock cpu, long cause)
    {
        cpu.Charge(_submitPs);
        cpu.Charge(Submit(pfn, write: false, cpu, cause));
        if (IsSynchronous(_spaces.ReverseMap.Mapping(pfn)))
        {
            End(pfn, write: false, cause);
        }
    }

    /// <summary>Reads a slot's page past the swap cache, from a device that answers at once.</summary>
    public void ReadDirectly(int slot, CpuClock cpu, long cause) =>
        cpu.Charge(_submitPs + DeviceOf(slot).Submit(new BlockRequest(SwapAreas.OffsetOf(slot), false, _id, Done, 0, cause), cpu.TimePs));

    /// <summary>Compressed memory gives back what it does not need.</summary>
    public void Trim(CpuClock cpu, long cause) => _pool?.Trim(cpu, cause);

    /// <summary>A task waits for a page to be read.</summary>
    public void WaitFor(long pfn, int pid) => _waiters.Add(pfn, pid);

    public void Handle(in Message message)
    {
        _cpu.BeginDispatch(_scheduler.NowPs);
        bool user = _cpu.Mode == CpuMode.User;
        long entry = _cpu.EnterKernel(EntryKind.Interrupt, DiskVector, 0, 0, message.Cause).Sequence;
        _cpu.Charge(_submitPs);
        End(message.A, message.B != 0, entry);
        _ = user ? _cpu.ReturnToUser(entry) : _cpu.ReturnToKernel(entry);
    }

    private int PagesOf(long pfn) => _spaces.Blocks.IsPiece(pfn) ? _spaces.Blocks.Pages : 1;

    private IBlockDevice DeviceOf(int slot) => _devices[SwapAreas.TypeOf(slot)];

    private long Submit(long pfn, bool write, CpuClock cpu, long cause)
    {
        int slot = _spaces.ReverseMap.Mapping(pfn);
        var request = new BlockRequest(SwapAreas.OffsetOf(slot), write, _id, Done, pfn, cause, write ? PagesOf(pfn) : 1);
        return DeviceOf(slot).Submit(request, Math.Max(cpu.TimePs, _scheduler.NowPs));
    }

    private void End(long pfn, bool write, long cause)
    {
        if (write)
        {
            var e = new WritebackEnd(pfn);
            EventHeader header = _journal.Emit(in e, cause);
            _spaces.Apply(in e, in header);
            Written?.Invoke(header.Sequence);
            _waiters.WakeAll(pfn, header.Sequence);
            return;
        }
        var read = new SwapReadEnd(pfn);
        EventHeader done = _journal.Emit(in read, cause);
        _spaces.Apply(in read, in done);
        _waiters.WakeAll(pfn, done.Sequence);
    }
}
