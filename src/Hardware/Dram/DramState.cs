using Sim.Engine.Events;

namespace Sim.Hardware.Dram;

/// <summary>The open row of every bank. Sourced state; when a bank is ready is not.</summary>
public sealed class DramState : IApply<DramActivate>, IApply<DramRefresh>
{
    /// <summary>No row is open.</summary>
    public const int Closed = -1;

    private readonly int[] _openRows;

    /// <param name="banks">Number of banks of all ranks.</param>
    public DramState(int banks)
    {
        _openRows = new int[banks];
        Array.Fill(_openRows, Closed);
    }

    /// <summary>Open row by bank, or <see cref="Closed"/>.</summary>
    public ReadOnlySpan<int> OpenRows => _openRows;

    /// <summary>Refresh intervals that ended.</summary>
    public long Refreshes { get; private set; }

    internal int[] OpenRowArray => _openRows;

    public void Apply(in DramActivate e, in EventHeader header) => _openRows[e.Bank] = e.Row;

    public void Apply(in DramRefresh e, in EventHeader header)
    {
        Array.Fill(_openRows, Closed);
        Refreshes += e.Count;
    }

    public void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<int>(_openRows);
        hash.Add(Refreshes);
    }
}
