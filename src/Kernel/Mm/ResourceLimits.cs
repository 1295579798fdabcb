namespace Sim.Kernel.Mm;

/// <summary>Resource limits of one process (<c>rlimit</c>) that bound its memory, in bytes; -1 for none.</summary>
/// <param name="StackBytes">RLIMIT_STACK.</param>
/// <param name="AddressSpaceBytes">RLIMIT_AS.</param>
/// <param name="DataBytes">RLIMIT_DATA.</param>
/// <param name="MemlockBytes">RLIMIT_MEMLOCK.</param>
public sealed record ResourceLimits(long StackBytes, long AddressSpaceBytes, long DataBytes, long MemlockBytes);
