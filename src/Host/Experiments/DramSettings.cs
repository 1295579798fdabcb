namespace Sim.Host.Experiments;

/// <summary>The memory behind the CPUs.</summary>
public sealed record DramSettings : ICheckedSettings
{
    [Setting("Device timing and organisation, by name: ddr4-2400.", Pattern = "^ddr4-2400$")]
    public string Preset { get; init; } = "ddr4-2400";

    [Setting("False: every access takes flatLatencyCycles and no row is ever opened.")]
    public bool Enabled { get; init; } = true;

    [Setting("Rows are refreshed, every tREFI.")]
    public bool Refresh { get; init; } = true;

    [Setting("Ranks of 8 GiB on the channel, a power of two; null: as many as hold the machine's memory.", Min = 1, Max = 128)]
    public int? Ranks { get; init; }

    [Setting("Memory-clock cycles of an access when enabled is false.", Min = 1, Max = 1_000_000)]
    public int FlatLatencyCycles { get; init; } = 40;

    public SettingProblem? Check() =>
        Ranks is { } ranks && !int.IsPow2(ranks) ? new SettingProblem("ranks", $"{ranks} is not a power of two.") : null;
}
