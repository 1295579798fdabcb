namespace Sim.Kernel.Mm;

/// <summary>
/// Which entries of page tables the event applied last has cleared or given other rights, so that no more than their
/// translations are flushed before the frames behind them are freed (<c>struct mmu_gather</c>, mm/mmu_gather.c). Execution
/// state: it tells the decider.
/// </summary>
public sealed class MmuGather
{
    private bool _pages, _largePages;
    private int _largeShift;

    /// <summary>First address.</summary>
    public ulong Start { get; private set; } = ulong.MaxValue;

    /// <summary>Behind the last address.</summary>
    public ulong End { get; private set; }

    /// <summary>Page tables were taken out.</summary>
    public bool FreedTables { get; private set; }

    /// <summary>Nothing was changed that a CPU could remember.</summary>
    public bool IsEmpty => End == 0;

    /// <summary>Log2 of the bytes that each changed entry maps (<c>tlb_get_unmap_shift</c>).</summary>
    public int StrideShift => _pages || !_largePages ? ITlbFlush.PageShift : _largeShift;

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        (Start, End, FreedTables) = (ulong.MaxValue, 0, false);
        _pages = _largePages = false;
    }

    /// <summary>The entry of a page was changed.</summary>
    public void AddPage(ulong address)
    {
        _pages = true;
        Extend(address, address + (1UL << ITlbFlush.PageShift));
    }

    /// <summary>The entry of a large page was changed.</summary>
    /// <param name="address">Its first address.</param>
    /// <param name="shift">Log2 of its bytes.</param>
    public void AddLargePage(ulong address, int shift)
    {
        (_largePages, _largeShift) = (true, shift);
        Extend(address, address + (1UL << shift));
    }

    /// <summary>Page tables for addresses from here on were taken out; any flush drops what CPUs remember of tables.</summary>
    public void AddTables(ulong address)
    {
        FreedTables = true;
        AddPage(address);
    }

    private void Extend(ulong start, ulong end)
    {
        Start = Math.Min(Start, start);
        End = Math.Max(End, end);
    }
}
