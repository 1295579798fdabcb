using System.Runtime.CompilerServices;
using Sim.Hardware.Dram;
using Sim.Hardware.Segmentation;

namespace Sim.Hardware.Cpu;

public sealed partial class Cpu
{
    private const int MaxPagesOfAccess = 17;

    [InlineArray(MaxPagesOfAccess)]
    private struct Frames
    {
        private ulong _first;
    }

    /// <summary>Makes one access. After an exception nothing was accessed, and it is to be made again.</summary>
    public AccessResult Access(in MemoryAccess access)
    {
        PageFault fault = PageFault.None;
        if (_mmu.ChecksHits)
        {
            _mmu.CheckShortcuts();
        }
        bool completed = TryAccess(in access, ref fault, out ulong physicalAddress);
        _port.Stamp();
        return completed ? new AccessResult(fault, physicalAddress) : new AccessResult(fault, 0);
    }

    /// <summary>
    /// Makes accesses in order until one raises an exception, the batch ends, or the core's time is at or past
    /// <paramref name="untilPs"/>. The same as <see cref="Access"/> one by one.
    /// </summary>
    /// <param name="batch">The accesses.</param>
    /// <param name="untilPs">No access begins at or after this time, in picoseconds.</param>
    /// <param name="fault">The exception, if one stopped it.</param>
    /// <returns>How many completed.</returns>
    public int Run(ReadOnlySpan<MemoryAccess> batch, long untilPs, out PageFault fault)
    {
        fault = PageFault.None;
        if (_mmu.ChecksHits)
        {
            _mmu.CheckShortcuts();
        }
        long untilCycle = _port.CycleAtOrAfter(untilPs);
        int completed = _segments.IsFlat && !_mmu.LogsHits
            ? RunFlat(batch, untilCycle, ref fault)
            : RunChecked(batch, untilCycle, ref fault);
        _port.Stamp();
        return completed;
    }

    /// <summary>One request to a physical address, as the kernel's own code makes it; the core waits for it.</summary>
    public void AccessPhysical(ulong physicalAddress, AccessKind kind)
    {
        AccessLine(physicalAddress, kind);
        _port.Stamp();
    }

    private int RunChecked(ReadOnlySpan<MemoryAccess> batch, long untilCycle, ref PageFault fault)
    {
        int i = 0;
        while (i < batch.Length && _port.Cycle < untilCycle && TryAccess(in batch[i], ref fault, out _))
        {
            i++;
        }
        return i;
    }

    /// <summary>
    /// One access in full: segment, all its pages, then all its lines. Translation comes first, so an access that faults and is
    /// made again pays for its instruction once.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAccess(in MemoryAccess access, ref PageFault fault, out ulong physicalAddress)
    {
        int size = Math.Max((int)access.Size, 1);
        physicalAddress = 0;
        if (access.Kind > AccessKind.Modify || access.Segment > SegmentRegister.Gs)
        {
            throw new ArgumentException($"An access of kind {access.Kind} through segment register {access.Segment} does not exist.");
        }
        SegmentFault segmentFault = _segments.Translate(access.Segment, access.Address, size, access.Kind, out ulong linear);
        if (segmentFault.Raised)
        {
            _faults++;
            fault = new PageFault
            {
                Vector = segmentFault.Vector,
                ErrorCode = segmentFault.ErrorCode,
                Address = access.Address,
                Kind = access.Kind,
            };
            return false;
        }

        // Written before they are read, page by page.
        Unsafe.SkipInit(out Frames frames);
        int pages = (int)(((linear & 4095) + (ulong)size + 4095) >> 12);
        for (int page = 0; page < pages; page++)
        {
            ulong address = page == 0 ? linear : (linear & ~4095UL) + ((ulong)page << 12);
            if (!_mmu.Translate(address, access.Kind, out frames[page], ref fault))
            {
                _faults++;
                if (fault.Vector == ExceptionVector.GeneralProtection && access.Segment == SegmentRegister.Ss)
                {
                    fault.Vector = ExceptionVector.StackFault;
                }
                return false;
            }
        }
        physicalAddress = frames[0] | (linear & 4095);

        _port.Cycle += access.ComputeCycles + (access.Kind == AccessKind.Fetch ? (uint)_costs.CyclesPerInstruction : 0u);
        ulong first = linear & 4095, last = first + (ulong)size - 1;
        AccessLine(physicalAddress, access.Kind);
        for (ulong line = (first | (DramGeometry.LineBytes - 1)) + 1; line <= last; line += DramGeometry.LineBytes)
        {
            AccessLine(frames[(int)(line >> 12)] | (line & 4095), access.Kind);
        }
        _accesses++;
        return true;
    }

    private void AccessLine(ulong physicalAddress, AccessKind kind)
    {
        if (kind != AccessKind.Store)
        {
            _port.Access(physicalAddress, write: false);
        }
        if (kind >= AccessKind.Store)
        {
            _port.Access(physicalAddress, write: true);
        }
    }
}
