using Sim.Engine.Random;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>A call to make.</summary>
/// <param name="Name">Its name in a recording.</param>
/// <param name="Args">Its arguments.</param>
internal sealed record GeneratedCall(string Name, ulong[] Args);

/// <summary>
/// Random address-space calls, most of them where areas begin, end or meet: merges, splits, growth of stacks, limits and failures are what
/// they are after. A call follows from the state before it, so that a sequence is what its seed and the kernel make of it.
/// </summary>
/// <param name="random">Where it draws from.</param>
internal sealed class CallGenerator(RandomStream random)
{
    /// <summary>Most calls are in this range.</summary>
    public const ulong Arena = 0x2000_0000, ArenaEnd = Arena + (64 << 12);

    private const ulong TaskSize = 0x7fff_ffff_f000, LargePage = 2UL << 20, MostToPopulate = 16UL << 20;
    private const int FileA = 3, FileB = 4, WriteOnlyA = 5, NotOpen = 99;

    private static readonly (string Name, int Weight)[] _kinds =
    [
        ("mmap", 30), ("munmap", 11), ("mprotect", 23), ("mremap", 15), ("brk", 4), ("madvise", 6), ("mlock", 5), ("touch", 9), ("fork", 3),
    ];

    private static readonly MemoryAdvice[] _advice =
    [
        MemoryAdvice.DontNeed, MemoryAdvice.DontNeed, MemoryAdvice.DontNeed, MemoryAdvice.Free, MemoryAdvice.Free, MemoryAdvice.DontFork,
        MemoryAdvice.DoFork, MemoryAdvice.WillNeed, MemoryAdvice.Normal, MemoryAdvice.Random, MemoryAdvice.Sequential, MemoryAdvice.DontDump,
        MemoryAdvice.DoDump, MemoryAdvice.WipeOnFork, MemoryAdvice.KeepOnFork, MemoryAdvice.Cold, MemoryAdvice.PopulateRead,
        MemoryAdvice.PopulateWrite, MemoryAdvice.DontNeedLocked, (MemoryAdvice)77,
    ];

    private static readonly int[] _protections = [3, 3, 3, 3, 3, 3, 1, 1, 1, 0, 0, 5, 7];

    private IReadOnlyList<RecordedArea> _areas = [], _fixed = [];
    private RecordedArea[] _inArena = [];

    /// <summary>The next call.</summary>
    /// <param name="areas">All areas but the fixed ones.</param>
    /// <param name="fixedAreas">Areas that no call may reach.</param>
    /// <param name="initialBrk">First break.</param>
    /// <param name="brk">The break.</param>
    /// <param name="step">Number of the call: the first few fill the range.</param>
    public GeneratedCall Next(IReadOnlyList<RecordedArea> areas, IReadOnlyList<RecordedArea> fixedAreas, ulong initialBrk, ulong brk, int step)
    {
        (_areas, _fixed) = (areas, fixedAreas);
        _inArena = [.. areas.Where(a => a.Start >= Arena && a.Id != "stack")];
        while (true)
        {
            string kind = step < 3 ? "mmap" : Kind();
            GeneratedCall call = kind switch
            {
                "mmap" => Mmap(step < 3),
                "munmap" => OnRange("munmap"),
                "mprotect" => Mprotect(),
                "mremap" => Mremap(),
                "brk" => new("brk", [Brk(initialBrk, brk)]),
                "madvise" => OnRange("madvise", (ulong)_advice[Below(_advice.Length)]),
                "mlock" => Lock(),
                "touch" => Touch(),
                _ => new("fork", []),
            };
            if (IsHarmless(call))
            {
                return call;
            }
        }
    }

    /// <summary>An access of a child or its parent.</summary>
    public (ulong Address, bool Write) Access(IReadOnlyList<RecordedArea> areas)
    {
        _areas = areas;
        RecordedArea area = Any();
        return (area.Start + ((ulong)Below((int)Math.Min(PagesOf(area), 32)) << 12), Chance(70));
    }

    /// <summary>A number below a bound.</summary>
    public int Below(int bound) => (int)random.NextBelow((ulong)bound);

    /// <summary>True so often in a hundred.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    private string Kind()
    {
        int at = Below(_kinds.Sum(k => k.Weight));
        return Array.Find(_kinds, k => (at -= k.Weight) < 0).Name;
    }

    private GeneratedCall Mmap(bool first)
    {
        ulong address = Address(), length = Length(address), offset = 0;
        var flags = MapFlags.Private | MapFlags.Anonymous;
        int file = -1, pick = Below(100);
        if (pick >= 67)
        {
            flags = Chance(52) ? MapFlags.Private : MapFlags.Shared;
            file = Chance(68) ? FileA : Chance(85) ? FileB : Chance(60) ? WriteOnlyA : NotOpen;
            offset = Chance(60) ? (address - Arena) & 0xf000 : Pages(18);
        }
        else if (pick >= 56)
        {
            flags = MapFlags.Shared | MapFlags.Anonymous;
        }
        int protection = Protection();
        if (!first && _areas.Count > 0 && Chance(45))
        {
            // Like an area there is: behind, before or in it.
            RecordedArea area = Any();
            ulong pages = PagesOf(area);
            length = Pages(1 + Below(5));
            int where = Below(5);
            address = where < 2 ? area.End : where == 2 ? area.Start - length : area.Start + Pages(Below((int)Math.Min(pages, 64)));
            bool shared = area.Perms[3] == 's';
            file = area.Id == "A" ? FileA : area.Id == "B" ? FileB : -1;
            flags = (shared ? MapFlags.Shared : MapFlags.Private) | (file < 0 ? MapFlags.Anonymous : 0) | (Chance(90) ? MapFlags.Fixed : MapFlags.FixedNoReplace)
                | (area.Flags.Contains("nr", StringComparison.Ordinal) && Chance(80) ? MapFlags.NoReserve : 0)
                | (area.Flags.Contains("lo", StringComparison.Ordinal) && Chance(60) ? MapFlags.Locked : 0)
                | (area.Flags.Contains("nh", StringComparison.Ordinal) && Chance(80) ? MapFlags.Stack : 0);
            long at = (long)(area.Offset + address - area.Start);
            offset = file < 0 || at < 0 ? 0 : (ulong)at;
            protection = Chance(where < 3 ? 88 : 45) ? ProtectionOf(area) : protection;
        }
        else if (first || (pick = Below(100)) < 38)
        {
            flags |= MapFlags.Fixed;
            address = first ? Arena + Pages(Below(50)) : address;
            length = first ? Pages(6 + Below(18)) : length;
        }
        else if (pick < 48)
        {
            flags |= MapFlags.FixedNoReplace;
        }
        else if (pick >= 78)
        {
            address = 0;
            length = Chance(20) ? LargePage * (ulong)(1 + Below(3)) + (Chance(50) ? 0 : Pages(Below(600))) : length;
        }
        flags |= (Chance(8) ? MapFlags.Populate : 0) | (Chance(5) ? MapFlags.GrowsDown : 0) | (Chance(7) ? MapFlags.NoReserve : 0)
            | (Chance(2) ? MapFlags.Locked : 0) | (Chance(3) ? MapFlags.Stack : 0);
        if (Chance(2))
        {
            flags = (flags & ~MapFlags.TypeMask) | (Chance(50) ? 0 : MapFlags.SharedValidate);
        }
        if (length > MostToPopulate)
        {
            flags &= ~(MapFlags.Populate | MapFlags.Locked);
        }
        if (file >= 0 && Chance(2))
        {
            offset += 512;
        }
        return new("mmap", [address, length, (ulong)protection, (ulong)flags, (ulong)(long)file, offset]);
    }

    private GeneratedCall Mprotect()
    {
        (ulong address, ulong length) = Range();
        int protection = Protection();
        if (Chance(32) && Meeting() is { } pair)
        {
            // An area, or its part beside the other, gets what the other has.
            bool low = Chance(50);
            ulong pages = Math.Min(PagesOf(low ? pair.Low : pair.High), 64);
            length = Pages(Chance(50) ? (int)pages : 1 + Below((int)Math.Min(pages, 4)));
            address = low ? pair.Low.End - length : pair.High.Start;
            protection = ProtectionOf(low ? pair.High : pair.Low);
        }
        if (Chance(2))
        {
            protection |= (int)(Chance(50) ? ProtFlags.GrowsDown : ProtFlags.GrowsUp);
        }
        return new("mprotect", [address, length, (ulong)protection]);
    }

    private GeneratedCall Mremap()
    {
        ulong address = Address(), old = Length(address), to = 0;
        RecordedArea area = Any();
        if (Chance(75))
        {
            address = area.Start + (Chance(60) ? 0 : Pages(Below((int)Math.Min(PagesOf(area), 4))));
            ulong rest = area.End - address;
            old = Math.Min(Chance(55) ? rest : Pages(1 + Below(4)), Pages(128));
            old += Chance(8) ? Pages(1 + Below(8)) : 0;
        }
        int pick = Below(100);
        ulong made = pick < 40 ? old + Pages(1 + Below(5)) : pick < 58 && old > 4096 ? old - 4096 : pick < 90 ? old : Length(address);
        old = Chance(2) ? 0 : old;
        var flags = RemapFlags.None;
        pick = Below(100);
        if (pick >= 84)
        {
            flags = pick >= 96 ? (RemapFlags)Below(10) : RemapFlags.MayMove | RemapFlags.DontUnmap | (Chance(50) ? RemapFlags.Fixed : 0);
            made = Chance(90) ? old : made;
            to = (flags & RemapFlags.Fixed) != 0 || Chance(30) ? Address() : 0;
        }
        else if (pick >= 28)
        {
            flags = RemapFlags.MayMove | (pick >= 55 ? RemapFlags.Fixed : 0);
            to = pick >= 55 ? Address() : 0;
        }
        return new("mremap", [address, old, made, (ulong)flags, to]);
    }

    private GeneratedCall Lock()
    {
        int pick = Below(100);
        return pick < 45 ? OnRange("mlock") : pick < 80 ? OnRange("munlock") : OnRange("mlock2", Chance(85) ? 1UL : 0);
    }

    private GeneratedCall Touch()
    {
        bool write = Chance(60);
        ulong address = Address();
        RecordedArea[] allowed = [.. _areas.Where(a => a.Perms[write ? 1 : 0] != '-')];
        if (allowed.Length > 0 && Chance(90))
        {
            RecordedArea area = allowed[Below(allowed.Length)];
            address = area.Start + Pages(Below((int)Math.Min(PagesOf(area), 64)));
            if (area.Flags.Contains("gd", StringComparison.Ordinal) && Chance(60))
            {
                address = area.Start - 1 - (ulong)Below(6 * 4096);
            }
        }
        return new("touch", [address, (ulong)(1 + Below(6)), write ? 1UL : 0]);
    }

    private ulong Brk(ulong initial, ulong brk) => Below(100) switch
    {
        < 50 => brk + Pages(1 + Below(6)),
        < 78 => brk - Pages(1 + Below(5)),
        < 88 => brk + (ulong)Below(9000),
        < 93 => initial,
        < 96 => 0,
        < 98 => initial - 4096,
        _ => 0xffff_8880_0000_0000,
    };

    private GeneratedCall OnRange(string name, params ReadOnlySpan<ulong> more)
    {
        (ulong address, ulong length) = Range();
        return new(name, [address, length, .. more]);
    }

    private (ulong Address, ulong Length) Range()
    {
        RecordedArea area = Any();
        int pages = (int)Math.Min(PagesOf(area), 64);
        if (Chance(72) && pages > 1)
        {
            int first = Chance(30) ? 0 : Below(pages), count = 1 + Below(pages - first);
            return (area.Start + Pages(first), Pages(count > 6 && Chance(70) ? 1 + Below(4) : count) - (Chance(4) ? (ulong)Below(4096) : 0));
        }
        ulong address = Address();
        return (address, Length(address));
    }

    private ulong Address()
    {
        RecordedArea area = Any();
        ulong address = Below(100) switch
        {
            < 34 => Arena + Pages(Below(64)),
            < 52 => area.Start,
            < 66 => area.End,
            < 74 => area.Start - Pages(1 + Below(3)),
            < 80 => area.End - Pages(1 + Below(2)),
            _ => area.Start + Pages(Below((int)Math.Min(PagesOf(area), 64))),
        };
        address += Chance(3) ? (ulong)(1 + Below(4095)) : 0;
        return !Chance(2) ? address : Below(6) switch
        {
            0 => 0,
            1 => 0x8000,
            2 => TaskSize - 4096,
            3 => TaskSize,
            4 => 0xffff_8880_0000_0000,
            _ => ulong.MaxValue - 4095,
        };
    }

    private ulong Length(ulong address)
    {
        RecordedArea? area = _areas.FirstOrDefault(a => address >= a.Start && address < a.End);
        int rest = area is null ? 0 : (int)Math.Min((area.End - address) >> 12, 128);
        int pages = Below(100) switch
        {
            >= 42 and < 58 when rest > 0 => rest,
            >= 58 and < 66 when rest > 0 => rest + 1 + Below(3),
            >= 66 and < 72 when rest > 1 => rest - 1,
            >= 72 and < 90 => 1 + Below(12),
            >= 90 and < 95 => 8 + Below(40),
            _ => 1 + Below(4),
        };
        ulong length = Pages(pages) - (Chance(5) ? (ulong)Below(4096) : 0);
        return Chance(2) ? 0 : Chance(1) ? Chance(50) ? 0x7f00_0000_0000 : ulong.MaxValue - (ulong)Below(8192) : length;
    }

    /// <summary>Two neighbours with different permissions that meet.</summary>
    private (RecordedArea Low, RecordedArea High)? Meeting()
    {
        (RecordedArea, RecordedArea)[] pairs = [.. _areas.Zip(_areas.Skip(1)).Where(p => p.First.End == p.Second.Start && p.First.Perms != p.Second.Perms)];
        return pairs.Length == 0 ? null : pairs[Below(pairs.Length)];
    }

    private RecordedArea Any() => _inArena.Length > 0 && Chance(88) ? _inArena[Below(_inArena.Length)] : _areas[Below(_areas.Count)];

    private int Protection() => Chance(1) ? Chance(50) ? 0x10 : 2 : _protections[Below(_protections.Length)];

    private static int ProtectionOf(RecordedArea area) =>
        (area.Perms[0] == 'r' ? 1 : 0) | (area.Perms[1] == 'w' ? 2 : 0) | (area.Perms[2] == 'x' ? 4 : 0);

    private static ulong PagesOf(RecordedArea area) => (area.End - area.Start) >> 12;

    private static ulong Pages(int count) => (ulong)count << 12;

    /// <summary>False for what would take the traced program's own text away, or fill the machine's memory.</summary>
    private bool IsHarmless(GeneratedCall call)
    {
        ulong[] a = call.Args;
        bool populates = call.Name is "mlock" or "mlock2"
            || (call.Name == "madvise" && (MemoryAdvice)a[2] is MemoryAdvice.PopulateRead or MemoryAdvice.PopulateWrite);
        return call.Name switch
        {
            "mmap" => ((MapFlags)a[3] & (MapFlags.Fixed | MapFlags.FixedNoReplace)) != MapFlags.Fixed || !Reaches(a[0], a[1]),
            "mremap" => !Reaches(a[0], a[1]) && (((RemapFlags)a[3] & RemapFlags.Fixed) == 0 || !Reaches(a[4], a[2])),
            "mprotect" when (a[2] & (ulong)(ProtFlags.GrowsDown | ProtFlags.GrowsUp)) != 0 => !Reaches(a[0] - 0x400000, 0x800000),
            "touch" => !Reaches(a[0], Pages((int)a[1])) && a[0] < TaskSize - Pages(8),
            "brk" or "fork" => true,
            _ => !Reaches(a[0], a[1]) && !(populates && a[1] > MostToPopulate && a[1] < TaskSize),
        };
    }

    private bool Reaches(ulong start, ulong length)
    {
        ulong end = start + ((length + 4095) & ~4095UL);
        return end >= start && _fixed.Any(f => start < f.End && end > f.Start);
    }
}
