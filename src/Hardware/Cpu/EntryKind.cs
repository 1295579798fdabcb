namespace Sim.Hardware.Cpu;

/// <summary>The ways into the kernel.</summary>
public enum EntryKind : byte
{
    /// <summary>The program asked: <c>syscall</c>, <c>sysenter</c> or <c>int 0x80</c>.</summary>
    Syscall = 0,

    /// <summary>An instruction could not complete: a fault.</summary>
    Exception = 1,

    /// <summary>A device, a timer or another CPU asked.</summary>
    Interrupt = 2,
}
