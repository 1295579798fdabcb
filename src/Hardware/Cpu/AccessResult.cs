namespace Sim.Hardware.Cpu;

/// <summary>How one access ended.</summary>
/// <param name="Fault">The exception; <see cref="PageFault.Raised"/> is false when the access completed.</param>
/// <param name="PhysicalAddress">Where the first byte was; 0 after an exception.</param>
public readonly record struct AccessResult(PageFault Fault, ulong PhysicalAddress)
{
    /// <summary>True when the access completed.</summary>
    public bool Completed => !Fault.Raised;
}
