using Sim.Hardware.Tlb;

namespace Sim.Hardware.Paging;

/// <summary>What a page walk found.</summary>
internal struct WalkResult
{
    /// <summary>First frame of the page.</summary>
    public long Pfn;

    /// <summary>Rights along the way, <see cref="TlbFlags.Dirty"/>, <see cref="TlbFlags.Global"/> and <see cref="TlbFlags.Large"/>.</summary>
    public TlbFlags Flags;

    /// <summary>Error code, when the walk ended in a fault.</summary>
    public PageFaultErrorCode ErrorCode;
}
