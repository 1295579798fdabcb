namespace Sim.Hardware.Dram;

/// <summary>
/// Timing parameters of a DRAM device, in memory-clock cycles, by their JEDEC names (JESD79-4).
/// </summary>
public sealed record DramTimings
{
    /// <summary>Read latency: column command to first data.</summary>
    public required int CL { get; init; }

    /// <summary>Write latency: column command to first data.</summary>
    public required int CWL { get; init; }

    /// <summary>Activate to column command.</summary>
    public required int RCD { get; init; }

    /// <summary>Precharge to activate.</summary>
    public required int RP { get; init; }

    /// <summary>Activate to precharge.</summary>
    public required int RAS { get; init; }

    /// <summary>Refresh to activate.</summary>
    public required int RFC { get; init; }

    /// <summary>Refresh to refresh.</summary>
    public required int REFI { get; init; }

    /// <summary>Column command to column command, another bank group.</summary>
    public required int CCD_S { get; init; }

    /// <summary>Column command to column command, same bank group.</summary>
    public required int CCD_L { get; init; }

    /// <summary>Activate to activate, another bank group.</summary>
    public required int RRD_S { get; init; }

    /// <summary>Activate to activate, same bank group.</summary>
    public required int RRD_L { get; init; }

    /// <summary>Window in which at most four activates fall.</summary>
    public required int FAW { get; init; }

    /// <summary>End of write data to precharge.</summary>
    public required int WR { get; init; }

    /// <summary>Read to precharge.</summary>
    public required int RTP { get; init; }

    /// <summary>End of write data to read, another bank group.</summary>
    public required int WTR_S { get; init; }

    /// <summary>End of write data to read, same bank group.</summary>
    public required int WTR_L { get; init; }

    /// <summary>Cycles of a burst on the data bus: half the burst length.</summary>
    public required int Burst { get; init; }

    /// <summary>Clock period.</summary>
    public required Engine.Time.ClockDomain Clock { get; init; }

    /// <summary>Read to write, any bank: the bus turns round for two cycles.</summary>
    public int RTW => CL + Burst + 2 - CWL;

    /// <summary>DDR4-2400, 8 Gbit x8, speed grade 17-17-17, tCK 2,500/3 ps.</summary>
    public static DramTimings Ddr4_2400 { get; } = new()
    {
        CL = 17,
        CWL = 12,
        RCD = 17,
        RP = 17,
        RAS = 39,
        RFC = 420,
        REFI = 9360,
        CCD_S = 4,
        CCD_L = 6,
        RRD_S = 4,
        RRD_L = 6,
        FAW = 26,
        WR = 18,
        RTP = 9,
        WTR_S = 3,
        WTR_L = 9,
        Burst = 4,
        Clock = new Engine.Time.ClockDomain(2500, 3),
    };

    /// <summary>The timings of a preset.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static DramTimings ByName(string preset) => preset switch
    {
        "ddr4-2400" => Ddr4_2400,
        _ => throw new ArgumentException($"dram.preset is '{preset}'; known presets: ddr4-2400."),
    };
}
