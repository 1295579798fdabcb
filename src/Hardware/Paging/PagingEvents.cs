using Sim.Engine.Events;

namespace Sim.Hardware.Paging;

/// <summary>The CPU set the accessed bit of a page-table entry because a translation used the entry.</summary>
/// <param name="TablePfn">Frame of the page table.</param>
/// <param name="Index">Number of the entry in the table.</param>
[Event(10, "mmu.accessed")]
public readonly partial record struct MmuAccessed(
    [Unit("pfn"), Delta(0)] long TablePfn,
    [Delta(1)] short Index);

/// <summary>The CPU set the dirty bit of a page-table entry, and the accessed bit with it, because of a write to the page.</summary>
/// <param name="TablePfn">Frame of the page table.</param>
/// <param name="Index">Number of the entry in the table.</param>
[Event(11, "mmu.dirty")]
public readonly partial record struct MmuDirty(
    [Unit("pfn"), Delta(0)] long TablePfn,
    [Delta(1)] short Index);
