namespace Sim.Kernel.Zones;

/// <summary>How a page is asked for; the kernel's own bits of 6.1 (include/linux/gfp_types.h).</summary>
[Flags]
public enum GfpFlags
{
    None = 0,

    /// <summary>From zone DMA.</summary>
    Dma = 0x01,

    /// <summary>High memory will do.</summary>
    HighMem = 0x02,

    /// <summary>From zone DMA32.</summary>
    Dma32 = 0x04,

    /// <summary>The page can be moved.</summary>
    Movable = 0x08,

    /// <summary>The page can be reclaimed.</summary>
    Reclaimable = 0x10,

    /// <summary>Urgent: may use part of the reserve.</summary>
    High = 0x20,
    Io = 0x40,
    Fs = 0x80,
    Zero = 0x100,

    /// <summary>Cannot wait: may dip deeper into the reserve.</summary>
    AtomicBit = 0x200,
    DirectReclaim = 0x400,
    KswapdReclaim = 0x800,

    /// <summary>The caller is going to write to the page.</summary>
    Write = 0x1000,
    NoWarn = 0x2000,

    /// <summary>Try hard, but give up in the end.</summary>
    RetryMayFail = 0x4000,

    /// <summary>Never give up.</summary>
    NoFail = 0x8000,

    /// <summary>One round of reclaim at most.</summary>
    NoRetry = 0x10000,

    /// <summary>May use everything: the request frees more than it takes.</summary>
    MemAlloc = 0x20000,
    Compound = 0x40000,

    /// <summary>Never use the reserve.</summary>
    NoMemAlloc = 0x80000,
    Hardwall = 0x100000,

    /// <summary>From this node only.</summary>
    ThisNode = 0x200000,

    /// <summary>Charged to a memory cgroup.</summary>
    Account = 0x400000,

    /// <summary>Memory tags are zeroed too.</summary>
    ZeroTags = 0x800000,

    /// <summary>Both kinds of reclaim.</summary>
    Reclaim = DirectReclaim | KswapdReclaim,

    /// <summary>From an interrupt handler.</summary>
    Atomic = High | AtomicBit | KswapdReclaim,

    /// <summary>Cannot wait; wakes kswapd.</summary>
    NoWait = KswapdReclaim,

    /// <summary>May wait, but not for I/O.</summary>
    NoIo = DirectReclaim | KswapdReclaim,

    /// <summary>May wait, but not for file systems.</summary>
    NoFs = DirectReclaim | KswapdReclaim | Io,

    /// <summary>For the kernel itself.</summary>
    Kernel = DirectReclaim | KswapdReclaim | Io | Fs,

    /// <summary>For a process, to be used by kernel and hardware too.</summary>
    User = Kernel | Hardwall,

    /// <summary>For a process; need not have a kernel address.</summary>
    HighUser = User | HighMem,

    /// <summary>For a process's own pages.</summary>
    HighUserMovable = HighUser | Movable,

    /// <summary>For the kernel, charged to a memory cgroup.</summary>
    KernelAccount = Kernel | Account,

    /// <summary>A huge page, if it is at hand.</summary>
    TransHugeLight = (HighUserMovable | Compound | NoMemAlloc | NoWarn) & ~(DirectReclaim | KswapdReclaim),

    /// <summary>A huge page, worth some work.</summary>
    TransHuge = TransHugeLight | DirectReclaim,
}
