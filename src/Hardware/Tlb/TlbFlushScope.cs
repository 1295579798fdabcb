namespace Sim.Hardware.Tlb;

/// <summary>What a flush drops.</summary>
public enum TlbFlushScope : byte
{
    /// <summary>All entries that are not global: a CR3 load without PCID.</summary>
    NonGlobal = 0,

    /// <summary>All entries: a change of CR4.PGE, INVPCID type 2.</summary>
    All = 1,

    /// <summary>The entries of one process-context identifier that are not global: INVPCID type 1.</summary>
    Context = 2,
}
