using System.Runtime.InteropServices;

namespace Sim.Kernel.Zones;

/// <summary>
/// One page frame, the simulated <c>struct page</c>: 32 bytes. Of a block of 2^order frames the first one, its head,
/// speaks for all; the others are <see cref="FrameState.Tail"/>. <c>default</c> is a frame that no memory stands behind.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct Frame
{
    /// <summary>Next element of the list the frame is on: a pfn, or the number of the list's own head (see <see cref="FrameTable"/>).</summary>
    public int Next;

    /// <summary>Previous element of the list the frame is on.</summary>
    public int Prev;

    /// <summary>Sequence of the <c>page.alloc</c> event that last handed out the block; kept after it is freed. -1 for none.</summary>
    public long AllocatedBy;

    /// <summary>For whom it is allocated: a pid above 0, a user inside the kernel below 0, 0 for nobody.</summary>
    public int Owner;

    /// <summary>
    /// Depends on the use: the page's offset in its mapping (the kernel's <c>page->index</c>), the slab's number for a
    /// slab's frames, the <see cref="Boot.ReserveReason"/> for a reserved frame.
    /// </summary>
    public int Index;

    // Map count in the lower bits, flags above them.
    private uint _mapsAndFlags;

    /// <summary>Order of the block that this frame heads.</summary>
    public byte Order;

    // State in the lower three bits, generation in the three above, uses in the upper two.
    private byte _stateAndGeneration;

    /// <summary>What an allocated frame is used for.</summary>
    public FrameUse Use;

    private byte _zoneAndType;

    /// <summary>Forgets what the frame was used for; who allocated it last stays.</summary>
    internal void Clear()
    {
        Owner = 0;
        Index = 0;
        _stateAndGeneration &= StateMask;
        _mapsAndFlags = 0;
        Use = FrameUse.None;
    }

    /// <summary>Who holds the frame.</summary>
    public FrameState State
    {
        readonly get => (FrameState)(_stateAndGeneration & StateMask);
        set => _stateAndGeneration = (byte)((_stateAndGeneration & ~StateMask) | (int)value);
    }

    /// <summary>One more than the slot of the page's generation, while it is on a list of the multi-generational LRU; 0 otherwise.</summary>
    internal int Generation
    {
        readonly get => (_stateAndGeneration >> 3) & 7;
        set => _stateAndGeneration = (byte)((_stateAndGeneration & ~(7 << 3)) | (value << 3));
    }

    /// <summary>Accesses through file descriptors beyond the second, up to three (<c>LRU_REFS_MASK</c>).</summary>
    internal int Uses
    {
        readonly get => _stateAndGeneration >> 6;
        set => _stateAndGeneration = (byte)((_stateAndGeneration & 0x3F) | (value << 6));
    }

    private const byte StateMask = 7;

    /// <summary>Number of page-table entries that map the frame: at most 262,143.</summary>
    public int MapCount
    {
        readonly get => (int)(_mapsAndFlags & PageFlagBits.MapCountMask);
        set
        {
            if ((uint)value > PageFlagBits.MapCountMask)
            {
                throw new OverflowException($"A frame cannot be mapped {value} times; at most {PageFlagBits.MapCountMask}.");
            }
            _mapsAndFlags = (_mapsAndFlags & ~PageFlagBits.MapCountMask) | (uint)value;
        }
    }

    /// <summary>What reclaim and swap know of the page (<c>page->flags</c>).</summary>
    public PageFlags Flags
    {
        readonly get => (PageFlags)(_mapsAndFlags & ~PageFlagBits.MapCountMask);
        set => _mapsAndFlags = (_mapsAndFlags & PageFlagBits.MapCountMask) | (uint)value;
    }

    /// <summary>True when one of the flags is set.</summary>
    public readonly bool Has(PageFlags flags) => (_mapsAndFlags & (uint)flags) != 0;

    /// <summary>The zone the frame belongs to.</summary>
    public ZoneType Zone
    {
        readonly get => (ZoneType)(_zoneAndType >> 4);
        set => _zoneAndType = (byte)(((int)value << 4) | (_zoneAndType & 0x0F));
    }

    /// <summary>The free list a free block is on or will return to; for an allocated block the type it was asked with.</summary>
    public MigrateType MigrateType
    {
        readonly get => (MigrateType)(_zoneAndType & 0x0F);
        set => _zoneAndType = (byte)((_zoneAndType & 0xF0) | (int)value);
    }
}

/// <summary>Who holds a frame.</summary>
public enum FrameState : byte
{
    /// <summary>No memory stands behind the frame number.</summary>
    Hole,

    /// <summary>Kept back at boot; the allocator never hands it out.</summary>
    Reserved,

    /// <summary>Head of a free block on a buddy list.</summary>
    Buddy,

    /// <summary>Head of a free block on a per-CPU list.</summary>
    Pcp,

    /// <summary>Head of an allocated block.</summary>
    Allocated,

    /// <summary>Not the first frame of its block.</summary>
    Tail,
}

/// <summary>What an allocated frame is used for.</summary>
public enum FrameUse : byte
{
    /// <summary>Nothing that the kernel tells apart.</summary>
    None,

    /// <summary>Objects of a slab cache.</summary>
    Slab,

    /// <summary>A page table.</summary>
    PageTable,

    /// <summary>An anonymous page of a process.</summary>
    Anon,

    /// <summary>A page of a file.</summary>
    File,

    /// <summary>A task's kernel stack.</summary>
    KernelStack,

    /// <summary>A page of shared memory: in an object's page cache like a file's, but backed by swap (mm/shmem.c).</summary>
    Shmem,
}
