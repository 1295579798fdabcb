namespace Sim.Hardware.Dram;

/// <summary>When commands to one bank may come, in memory-clock cycles. Execution state.</summary>
internal struct BankTiming
{
    /// <summary>Earliest activate: after precharge or refresh.</summary>
    public long ActivateReady;

    /// <summary>Cycle of the last activate; <c>RAS</c> before a precharge.</summary>
    public long Activated;

    /// <summary>Cycle of the last read command; <c>RTP</c> before a precharge.</summary>
    public long LastRead;

    /// <summary>End of the data of the last write; <c>WR</c> before a precharge.</summary>
    public long WriteEnd;
}
