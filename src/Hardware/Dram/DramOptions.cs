namespace Sim.Hardware.Dram;

/// <summary>The memory behind the CPUs.</summary>
public sealed record DramOptions
{
    /// <summary>Device timing and organisation, by name: <c>ddr4-2400</c>.</summary>
    public string Preset { get; init; } = "ddr4-2400";

    /// <summary>False: every access takes <see cref="FlatLatencyCycles"/> and no row is ever opened.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Rows are refreshed, every tREFI.</summary>
    public bool Refresh { get; init; } = true;

    /// <summary>Ranks of 8 GiB on the channel: 1, 2, 4, … 128. They must hold the machine's memory.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>Memory-clock cycles of an access when <see cref="Enabled"/> is false.</summary>
    public int FlatLatencyCycles { get; init; } = 40;

    /// <summary>Least number of ranks that holds so much memory.</summary>
    public static int RanksFor(long memoryBytes)
    {
        int ranks = 1;
        while (ranks < 128 && ((long)ranks << 33) < memoryBytes)
        {
            ranks <<= 1;
        }
        return ranks;
    }
}
