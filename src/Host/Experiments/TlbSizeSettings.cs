namespace Sim.Host.Experiments;

/// <summary>Entries and ways of one translation buffer.</summary>
public sealed record TlbSizeSettings : ICheckedSettings
{
    public TlbSizeSettings()
    {
    }

    internal TlbSizeSettings(int entries, int ways) => (Entries, Ways) = (entries, ways);

    [Setting("Entries in all.", Required = true, Min = 1, Max = 1 << 20)]
    public int Entries { get; init; }

    [Setting("Entries of a set.", Required = true, Min = 1, Max = 1 << 10)]
    public int Ways { get; init; }

    public SettingProblem? Check() =>
        Entries % Ways != 0 || !int.IsPow2(Entries / Ways)
            ? new SettingProblem("entries", $"{Entries} entries of {Ways} ways make no power-of-two number of sets.")
            : null;
}
