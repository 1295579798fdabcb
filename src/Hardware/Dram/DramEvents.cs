using Sim.Engine.Events;

namespace Sim.Hardware.Dram;

/// <summary>A row was opened in a bank; the row that was open there, if any, was closed first.</summary>
/// <param name="Bank">Bank: 16 times the rank, plus 4 times the bank in its group, plus the bank group.</param>
/// <param name="Row">Row.</param>
[Event(17, "dram.activate")]
public readonly partial record struct DramActivate(
    short Bank,
    [Delta(5)] int Row);

/// <summary>All rows were closed for refresh. Refreshes that fell due while no request came are told together.</summary>
/// <param name="Count">Number of refresh intervals that ended.</param>
[Event(18, "dram.refresh")]
public readonly partial record struct DramRefresh(
    long Count);

/// <summary>A request found its row open. Logged only at detail full.</summary>
/// <param name="Bank">Bank, as in dram.activate.</param>
/// <param name="Write">A write.</param>
[Event(19, "dram.hit", Ignorable = true)]
public readonly partial record struct DramHit(
    short Bank,
    bool Write);
