using System.Runtime.InteropServices;
using Sim.Engine.Snapshots;

namespace Sim.Host.Traces;

/// <summary>
/// When a traced program references which page, from the whole trace. Access number i is at position 2i + 1; a system call between two
/// accesses references its buffers at the even position between theirs. Of references to one page in a row the first stands for all: nothing
/// else happens between them.
/// </summary>
[NotInSnapshot]
public sealed class TraceReferences
{
    private readonly Dictionary<long, PageUses> _pages = [];

    private TraceReferences()
    {
    }

    /// <summary>Pages referenced.</summary>
    public int Pages => _pages.Count;

    /// <summary>Reads a trace.</summary>
    /// <exception cref="TraceFormatException">It is damaged, or too long: positions are 32-bit numbers.</exception>
    public static TraceReferences Read(string path)
    {
        var references = new TraceReferences();
        using TraceReader reader = TraceReader.Open(path);
        if (reader.Header.Accesses > int.MaxValue / 2 - 1)
        {
            throw TraceFormatException.AtLine(path, 0, "the trace has more than 1,073,741,822 accesses, too many to be held in memory", "Use a policy that is no oracle");
        }
        var records = new TraceRecord[8192];
        int accesses = 0;
        long before = -1;
        for (int count; (count = reader.ReadBatch(records)) > 0;)
        {
            foreach (ref readonly TraceRecord record in records.AsSpan(0, count))
            {
                if (!record.IsRange)
                {
                    continue;
                }
                int position = record.IsAccess ? (2 * accesses) + 1 : 2 * accesses;
                accesses += record.IsAccess ? 1 : 0;
                long first = (long)(record.Address >> 12), last = (long)((record.Address + Math.Max(record.Size, 1) - 1) >> 12);
                if (first == last && first == before && record.IsAccess)
                {
                    continue;
                }
                for (long vpn = first; vpn <= last; vpn++)
                {
                    references.Add(vpn, position);
                }
                before = first == last && record.IsAccess ? first : -1;
            }
        }
        return references;
    }

    /// <summary>The first reference to a page at a position or behind it; <see cref="long.MaxValue"/> when there is none.</summary>
    public long Next(long vpn, long position) =>
        _pages.TryGetValue(vpn, out PageUses? uses) && uses.Seek(position) is var i && i < uses.Count ? uses.Positions[i] : long.MaxValue;

    /// <summary>The last reference to a page before a position; -1 when there is none.</summary>
    public long Last(long vpn, long position) =>
        _pages.TryGetValue(vpn, out PageUses? uses) && uses.Seek(position) is var i and > 0 ? uses.Positions[i - 1] : -1;

    private void Add(long vpn, int position)
    {
        ref PageUses? uses = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, vpn, out _);
        (uses ??= new PageUses()).Add(position);
    }

    [NotInSnapshot]
    private sealed class PageUses
    {
        private int _next;

        public int[] Positions { get; private set; } = new int[4];

        public int Count { get; private set; }

        public void Add(int position)
        {
            if (Count == Positions.Length)
            {
                int[] positions = Positions;
                Array.Resize(ref positions, 2 * Count);
                Positions = positions;
            }
            Positions[Count++] = position;
        }

        /// <summary>Index of the first use at a position or behind it. Positions asked for mostly grow.</summary>
        public int Seek(long position)
        {
            if (_next > 0 && Positions[_next - 1] >= position)
            {
                _next = 0;
            }
            // Doubling steps, then halving ones: a page that was not asked about for long has many uses to pass.
            int low = _next, step = 1;
            while (low + step < Count && Positions[low + step] < position)
            {
                low += step;
                step <<= 1;
            }
            int high = Math.Min(low + step, Count);
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                (low, high) = Positions[middle] < position ? (middle + 1, high) : (low, middle);
            }
            return _next = low;
        }
    }
}
