namespace Sim.Kernel.Syscalls;

/// <summary>User memory that a system call reads or writes.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Write">The kernel writes to it, as read(2) does.</param>
public readonly record struct UserBuffer(ulong Address, long Length, bool Write);
