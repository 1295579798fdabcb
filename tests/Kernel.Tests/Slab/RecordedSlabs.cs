using System.Globalization;
using System.IO.Compression;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Slab;

/// <summary>
/// What a real kernel's processes asked of its slab caches, and the page frames its SLUB asked for meanwhile, from the kmem
/// tracepoints. A line is
/// <code>
/// c NAME SIZE OBJECTS PAGES RECLAIMABLE ACTIVE TOTAL   the next cache, as /proc/slabinfo has it when the recording begins
/// a CACHE SLAB OBJECT GFP                              kmem_cache_alloc, kmalloc: which slab the object lay in, its index
/// g CACHE SLAB OBJECT                                  an allocation without a tracepoint (kmem_cache_alloc_bulk), from its later free
/// f CACHE SLAB OBJECT                                  kmem_cache_free, kfree
/// p SLAB ORDER GFP                                     the page request that the next allocation led to
/// q SLAB                                               the slab's frames went back
/// </code>
/// </summary>
internal sealed class RecordedSlabs
{
    private readonly List<Operation> _operations = [];
    private readonly List<CacheOf> _caches = [];

    public RecordedSlabs(string resource)
    {
        using var stream = new GZipStream(typeof(RecordedSlabs).Assembly.GetManifestResourceStream(resource)!, CompressionMode.Decompress);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            string[] f = line.Split(' ');
            switch (f[0][0])
            {
                case 'c':
                    _caches.Add(new CacheOf(f[1], Number(f[2]), Number(f[3]), Number(f[4]), f[5] == "1", Number(f[7]) - Number(f[6])));
                    break;
                case 'p':
                    _operations.Add(new Operation('p', -1, Number(f[1]), Number(f[2]), (GfpFlags)Convert.ToInt32(f[3], 16)));
                    break;
                case 'q':
                    _operations.Add(new Operation('q', -1, Number(f[1]), 0, GfpFlags.None));
                    break;
                default:
                    _operations.Add(new Operation(f[0][0], Number(f[1]), Number(f[2]), Number(f[3]),
                        f.Length > 4 ? (GfpFlags)Convert.ToInt32(f[4], 16) : GfpFlags.Kernel));
                    break;
            }
        }
    }

    /// <summary>Page requests of the recording, with the cache, the gfp asked with and the gfp passed on.</summary>
    public IEnumerable<(CacheOf Cache, GfpFlags Asked, GfpFlags PassedOn, int Order)> Requests()
    {
        var last = new Dictionary<int, GfpFlags>();
        for (int i = 0; i < _operations.Count; i++)
        {
            Operation request = _operations[i];
            if (request.Kind == 'a')
            {
                last[request.Cache] = request.Gfp;
            }
            if (request.Kind == 'p')
            {
                Operation next = _operations[i + 1];
                // An allocation without a tracepoint is part of the one before it and has its gfp.
                yield return (_caches[next.Cache], next.Kind == 'a' ? next.Gfp : last[next.Cache], request.Gfp, request.Object);
            }
        }
    }

    /// <summary>
    /// Drives SLUB with the recorded allocations and frees, never correcting it, and compares when it asks for frames and
    /// gives them back.
    /// </summary>
    public Outcome Replay(TestKernel kernel, SlabAllocator slab)
    {
        var numbers = new int[_caches.Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            CacheOf cache = _caches[i];
            numbers[i] = slab.CreateCache(cache.Name, cache.Size, 0, cache.Reclaimable ? SlabFlags.ReclaimAccount : 0, kernel.Cpu, -1);
        }
        var addresses = new Dictionary<(int, int), long>();
        Begin(kernel, slab, numbers, addresses);

        var outcome = new Outcome();
        int position = 0, cacheOfPosition = -1;
        var wanted = new List<(int Position, int Cache, int Order)>();
        var wantedFrees = new List<(int, int)>();
        var made = new List<(int Position, int Cache, int Order)>();
        var madeFrees = new List<(int, int)>();
        for (int i = 0; i < _operations.Count; i++)
        {
            Operation o = _operations[i];
            if (o.Kind == 'p')
            {
                Operation next = _operations[i + 1];
                wanted.Add((next.Kind == 'a' ? i + 1 : position, next.Cache, o.Object));
                continue;
            }
            if (o.Kind == 'q')
            {
                wantedFrees.Add((position, cacheOfPosition));
                continue;
            }
            if (o.Kind != 'g' || o.Cache != cacheOfPosition)
            {
                (position, cacheOfPosition) = (i, o.Cache);
            }
            SlabCache cache = slab.State.Caches[numbers[o.Cache]];
            (long grown, long reaped) = (cache.Grown, cache.Reaped);
            if (o.Kind == 'f')
            {
                if (addresses.Remove((o.Slab, o.Object), out long address))
                {
                    slab.Kfree(address, kernel.Cpu, -1);
                }
            }
            else
            {
                addresses[(o.Slab, o.Object)] = slab.Alloc(cache.Number, o.Gfp, kernel.Cpu, -1);
                outcome.Allocations++;
            }
            for (; grown < cache.Grown; grown++)
            {
                made.Add((position, o.Cache, cache.GfpOrder));
            }
            for (; reaped < cache.Reaped; reaped++)
            {
                madeFrees.Add((position, o.Cache));
            }
        }
        outcome.Frees = (wantedFrees.Count, madeFrees.Count, wantedFrees.Intersect(madeFrees).Count());
        for (int c = 0; c < _caches.Count; c++)
        {
            int recorded = wanted.Count(w => w.Cache == c), model = made.Count(m => m.Cache == c);
            outcome.Requests.Add(_caches[c].Name, (recorded, model, wanted.Intersect(made).Count(w => w.Cache == c)));
        }
        return outcome;
    }

    /// <summary>
    /// The start: every slab that the recording uses but does not make is filled, and the objects that it hands out before
    /// they were given back are freed: those of the slab it uses last first, so that it finds the slabs in its order. The
    /// slab it uses first is the CPU's.
    /// </summary>
    private void Begin(TestKernel kernel, SlabAllocator slab, int[] numbers, Dictionary<(int, int), long> addresses)
    {
        var made = new HashSet<int>(_operations.Where(o => o.Kind == 'p').Select(o => o.Slab));
        var free = new Dictionary<int, HashSet<int>>();
        var seen = new HashSet<(int, int)>();
        var order = new List<(int Cache, int Slab)>();
        var known = new HashSet<int>();
        foreach (Operation o in _operations.Where(o => o.Cache >= 0 && !made.Contains(o.Slab)))
        {
            if (known.Add(o.Slab))
            {
                free[o.Slab] = [];
                order.Add((o.Cache, o.Slab));
            }
            if (seen.Add((o.Slab, o.Object)) && o.Kind != 'f')
            {
                free[o.Slab].Add(o.Object);
            }
        }
        var use = new Dictionary<int, int>();
        foreach (Operation o in _operations.Where(o => o.Kind is 'a' or 'g' && free.ContainsKey(o.Slab)))
        {
            use.TryAdd(o.Slab, use.Count);
        }
        for (int c = 0; c < _caches.Count; c++)
        {
            int[] slabs = [.. order.Where(s => s.Cache == c).Select(s => s.Slab).OrderByDescending(s => use.GetValueOrDefault(s, int.MaxValue))];
            int perSlab = slab.State.Caches[numbers[c]].ObjectsPerSlab;
            // Free objects that slabinfo counts and the recording never uses: of slabs that are used last.
            int unseen = _caches[c].Free - slabs.SkipLast(1).Sum(s => free[s].Count);
            long[] others = [.. Enumerable.Range(0, Math.Max(0, unseen)).Select(_ => slab.Alloc(numbers[c], GfpFlags.Kernel, kernel.Cpu, -1))];
            for (int i = others.Length; i % perSlab != 0; i++)
            {
                slab.Alloc(numbers[c], GfpFlags.Kernel, kernel.Cpu, -1);
            }
            foreach (int s in slabs)
            {
                for (int i = 0; i < perSlab; i++)
                {
                    addresses[(s, i)] = slab.Alloc(numbers[c], GfpFlags.Kernel, kernel.Cpu, -1);
                }
            }
            foreach (long address in others)
            {
                slab.Kfree(address, kernel.Cpu, -1);
            }
            foreach (int s in slabs)
            {
                foreach (int i in free[s])
                {
                    addresses.Remove((s, i), out long address);
                    slab.Kfree(address, kernel.Cpu, -1);
                }
            }
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    public readonly record struct CacheOf(string Name, int Size, int Objects, int Pages, bool Reclaimable, int Free);

    /// <summary>What came of it.</summary>
    public sealed class Outcome
    {
        public int Allocations { get; set; }

        /// <summary>Page requests by cache: recorded, of the model, at the same allocation.</summary>
        public SortedDictionary<string, (int Recorded, int Model, int Same)> Requests { get; } = new(StringComparer.Ordinal);

        /// <summary>Slabs given back: recorded, by the model, at the same free.</summary>
        public (int Recorded, int Model, int Same) Frees { get; set; }
    }

    private readonly record struct Operation(char Kind, int Cache, int Slab, int Object, GfpFlags Gfp);
}
