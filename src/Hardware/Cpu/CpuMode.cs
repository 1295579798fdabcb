namespace Sim.Hardware.Cpu;

/// <summary>Privilege a CPU runs at.</summary>
public enum CpuMode : byte
{
    /// <summary>Ring 0.</summary>
    Kernel = 0,

    /// <summary>Ring 3.</summary>
    User = 3,
}
