namespace Sim.Hardware.Cpu;

/// <summary>What a memory access does.</summary>
public enum AccessKind : byte
{
    /// <summary>Reads an instruction.</summary>
    Fetch = 0,

    /// <summary>Reads data.</summary>
    Load = 1,

    /// <summary>Writes data.</summary>
    Store = 2,

    /// <summary>Reads data and writes it back, as <c>inc [m]</c> does. Needs the rights of a store.</summary>
    Modify = 3,
}
