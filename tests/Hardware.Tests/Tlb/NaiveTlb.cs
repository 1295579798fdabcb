using Sim.Hardware.Tlb;

namespace Sim.Hardware.Tests.Tlb;

/// <summary>What a lookup came to.</summary>
internal enum TlbOutcome
{
    FirstLevel,
    SecondLevel,
    Walk,
}

/// <summary>
/// A two-level TLB as one would write it on a blackboard: every set is a list of pages, least recently used first.
/// </summary>
internal sealed class NaiveTlb(TlbOptions options, int pagesPerLargePage)
{
    private readonly Dictionary<(string Buffer, long Set), List<Entry>> _sets = [];

    public sealed record Entry(long Page, bool Large, bool Global, bool Dirty);

    public TlbOutcome Access(long page, bool large, bool global, bool dirtyInTable, bool instruction, bool write)
    {
        long unit = large ? page / pagesPerLargePage : page;
        (string name, TlbSize size) = (instruction, large) switch
        {
            (true, false) => ("l1i", options.L1Instruction),
            (true, true) => ("l1i large", options.L1InstructionLarge),
            (false, false) => ("l1d", options.L1Data),
            (false, true) => ("l1d large", options.L1DataLarge),
        };
        long first = large ? unit * pagesPerLargePage : page;
        List<Entry> one = SetOf(name, unit % size.Sets), two = SetOf("l2", unit % options.L2.Sets);
        if (Usable(one, first, large, write) is { } hit)
        {
            Use(one, hit, size.Ways);
            return TlbOutcome.FirstLevel;
        }
        if (Usable(two, first, large, write) is { } second)
        {
            Use(two, second, options.L2.Ways);
            Use(one, second, size.Ways);
            return TlbOutcome.SecondLevel;
        }
        var entry = new Entry(first, large, global, dirtyInTable || write);
        Use(two, entry, options.L2.Ways);
        Use(one, entry, size.Ways);
        return TlbOutcome.Walk;
    }

    public void Flush(bool all)
    {
        foreach (List<Entry> set in _sets.Values)
        {
            set.RemoveAll(e => all || !e.Global);
        }
    }

    public void Invalidate(long page, long count)
    {
        foreach (List<Entry> set in _sets.Values)
        {
            set.RemoveAll(e => e.Page < page + count && e.Page + (e.Large ? pagesPerLargePage : 1) > page);
        }
    }

    /// <summary>All entries of all buffers.</summary>
    public IEnumerable<Entry> Entries => _sets.Values.SelectMany(set => set);

    private static Entry? Usable(List<Entry> set, long page, bool large, bool write) =>
        set.FirstOrDefault(e => e.Page == page && e.Large == large && (!write || e.Dirty));

    private static void Use(List<Entry> set, Entry entry, int ways)
    {
        set.RemoveAll(e => e.Page == entry.Page && e.Large == entry.Large);
        if (set.Count == ways)
        {
            set.RemoveAt(0);
        }
        set.Add(entry);
    }

    private List<Entry> SetOf(string buffer, long set)
    {
        if (!_sets.TryGetValue((buffer, set), out List<Entry>? entries))
        {
            _sets.Add((buffer, set), entries = []);
        }
        return entries;
    }
}
