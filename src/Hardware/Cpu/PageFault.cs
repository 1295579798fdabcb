using Sim.Hardware.Paging;

namespace Sim.Hardware.Cpu;

/// <summary>Exception vectors (Intel SDM volume 3A, table 6-1).</summary>
public static class ExceptionVector
{
    public const int None = -1;
    public const int SegmentNotPresent = 11;
    public const int StackFault = 12;
    public const int GeneralProtection = 13;
    public const int PageFault = 14;
}

/// <summary>
/// The exception that stopped an access. Most often a page fault; segmentation and non-canonical addresses raise the
/// others. The access changed nothing and is to be repeated when the cause is removed.
/// </summary>
public struct PageFault
{
    /// <summary>One of <see cref="ExceptionVector"/>; <see cref="ExceptionVector.None"/> when there was none.</summary>
    public int Vector;

    /// <summary>
    /// For <see cref="ExceptionVector.PageFault"/> a <see cref="PageFaultErrorCode"/>; for the segment exceptions the
    /// selector, or 0.
    /// </summary>
    public int ErrorCode;

    /// <summary>The linear address (CR2) of the first byte that could not be accessed.</summary>
    public ulong Address;

    /// <summary>What the access was.</summary>
    public AccessKind Kind;

    /// <summary>True when there was an exception.</summary>
    public readonly bool Raised => Vector >= 0;

    /// <summary>The error code of a page fault.</summary>
    public readonly PageFaultErrorCode Code => (PageFaultErrorCode)ErrorCode;

    /// <summary>No exception.</summary>
    public static PageFault None => new() { Vector = ExceptionVector.None };
}
