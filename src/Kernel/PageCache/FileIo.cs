using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>
/// Reading and writing pages of files (fs/mpage.c, block/bio.c, Linux 6.1): pages that follow each other in a file and on its disk
/// are one request, whose completion is an interrupt. Execution state.
/// </summary>
internal sealed class FileIo : IComponent
{
    /// <summary>Message: request <c>A</c> is done; <c>B</c> tells a write.</summary>
    public const ushort Done = 1;

    /// <summary>Pages of a request at most (<c>BIO_MAX_VECS</c>).</summary>
    private const int MaxPages = 256;

    private const int DiskVector = 0x2f;

    private readonly AddressSpaces _spaces;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly Scheduler _scheduler;
    private readonly Cpu _cpu;
    private readonly IBlockDevice _device;
    private readonly FileExtents _extents;
    private readonly PageWaiters _waiters;
    private readonly long _submitPs;
    private readonly ushort _id;
    private readonly List<int> _gathered = [];
    private readonly Dictionary<long, int[]> _requests = [];
    private long _nextPage, _firstPage, _lastRequest;
    private bool _write;

    public FileIo(
        AddressSpaces spaces, FrameTable frames, Journal journal, Scheduler scheduler, Cpu cpu, IBlockDevice device, FileExtents extents,
        PageWaiters waiters, ReclaimOptions options)
    {
        _spaces = spaces;
        _frames = frames;
        _journal = journal;
        _scheduler = scheduler;
        _cpu = cpu;
        _device = device;
        _extents = extents;
        _waiters = waiters;
        _submitPs = options.SubmitNs * 1000L;
        _id = scheduler.Register(this);
    }

    /// <summary>Told of every page written.</summary>
    public Action<long>? Written { get; set; }

    /// <summary>The device takes no more requests at the moment.</summary>
    public bool IsFull => _device.IsFull;

    /// <summary>Pages of files being written.</summary>
    public int WritesUnderWay { get; private set; }

    /// <summary>Adds a page, whose event said so, to the request under way; one that does not follow begins another.</summary>
    public void Gather(int pfn, bool write, CpuClock cpu, long cause)
    {
        int file = _spaces.ReverseMap.Mapping(pfn);
        long page = _extents.PageOf(file, (uint)_frames[pfn].Index, _spaces.FilePages(file));
        if (_gathered.Count > 0 && (page != _nextPage || write != _write || _gathered.Count == MaxPages))
        {
            Submit(cpu, cause);
        }
        if (_gathered.Count == 0)
        {
            (_firstPage, _write) = (page, write);
        }
        _gathered.Add(pfn);
        _nextPage = page + 1;
    }

    /// <summary>Hands the request under way to the device (<c>blk_finish_plug</c>).</summary>
    public void Submit(CpuClock cpu, long cause)
    {
        if (_gathered.Count == 0)
        {
            return;
        }
        cpu.Charge(_submitPs);
        WritesUnderWay += _write ? _gathered.Count : 0;
        _requests.Add(++_lastRequest, [.. _gathered]);
        _device.Submit(
            new BlockRequest(_firstPage, _write, _id, Done, _lastRequest, cause, _gathered.Count), Math.Max(cpu.TimePs, _scheduler.NowPs));
        _gathered.Clear();
    }

    /// <summary>A task waits for a page to be read or written.</summary>
    public void WaitFor(long pfn, int pid) => _waiters.Add(pfn, pid);

    public void Handle(in Message message)
    {
        _requests.Remove(message.A, out int[]? pages);
        _cpu.BeginDispatch(_scheduler.NowPs);
        bool user = _cpu.Mode == CpuMode.User;
        long entry = _cpu.EnterKernel(EntryKind.Interrupt, DiskVector, 0, 0, message.Cause).Sequence;
        _cpu.Charge(_submitPs);
        foreach (int pfn in pages!)
        {
            long done = message.B != 0 ? EndWrite(pfn, entry) : EndRead(pfn, entry);
            _waiters.WakeAll(pfn, done);
        }
        _ = user ? _cpu.ReturnToUser(entry) : _cpu.ReturnToKernel(entry);
    }

    private long EndRead(int pfn, long cause)
    {
        var e = new FileReadEnd(pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return header.Sequence;
    }

    private long EndWrite(int pfn, long cause)
    {
        var e = new WritebackEnd(pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        WritesUnderWay--;
        Written?.Invoke(header.Sequence);
        return header.Sequence;
    }
}
