using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// Reads a boot log line by line: applies what memblock reports to a memblock of our own, from the first dump of its arrays
/// on (calls before it may be older than the option that makes them visible), and compares with every later dump and with
/// the kernel's own count.
/// </summary>
internal sealed partial class BootLogReader(TextReader log, string file, Action<Memblock, BootLogAllocation>? onAllocation)
{
    private readonly Memblock _memblock = new();
    private readonly List<MemoryRange> _map = [];
    private readonly List<Reservation> _reasons = [];
    private readonly List<BootLogAllocation> _allocations = [];
    private readonly List<(string What, long Pages, int Line)> _freed = [];
    private readonly BootLogDump _dump = new();
    private KernelProfile? _profile;
    private BootLogAllocation? _asked;
    private MemblockRegion? _ramDisk, _brk;
    private (long Text, long Rodata, long Init, long Bss)? _sizes;
    private (int Line, long AvailableKib)? _count;
    private bool _hugePages = true;
    private int _cpus = 1, _line;

    public BootLog Read()
    {
        while (log.ReadLine() is { } line)
        {
            _line++;
            string text = Stamp().Replace(line, "");
            if (_dump.IsUnderWay && !_dump.TryTake(text))
            {
                EndDump();
            }
            Take(text);
        }
        if (_profile is not { } profile)
        {
            throw Wrong("no line \"Linux version\" says which kernel this is");
        }
        if (_map.Count == 0)
        {
            throw Wrong("no line \"BIOS-e820:\" describes the machine's memory");
        }
        if (_dump.Count == 0)
        {
            throw Wrong("no line \"MEMBLOCK configuration:\"; boot the kernel with memblock=debug");
        }
        if (_count is not { } count)
        {
            throw Wrong("the log ends before the kernel hands its memory over (\"Memory: …K/…K available\")");
        }
        MemoryMap map = Map();
        Check(map, count.Line, count.AvailableKib);
        return new BootLog(profile, _cpus, _hugePages, map, _memblock, _reasons, FreedLater(profile), _allocations);
    }

    /// <summary>The frames that became free, which must be kept until then and as many as the log says.</summary>
    private List<FreedLater> FreedLater(KernelProfile profile)
    {
        var freed = new List<FreedLater>();
        if (_freed.Count == 0)
        {
            return freed;
        }
        if (_brk is not { } brk || _sizes is not { } sizes)
        {
            throw Wrong(_freed[0].Line, "memory is freed and no line says where the kernel's image ends");
        }
        freed.AddRange(BootLogFreed.Image(profile, _memblock, brk, sizes, _freed).Freed.Where(f => f.Range.Pages > 0));
        if (_freed.FirstOrDefault(f => f.What == "initrd") is { Pages: > 0 } initrd)
        {
            if (_ramDisk is not { } disk)
            {
                throw Wrong(initrd.Line, "the RAM disk is freed and no line says where it is");
            }
            long start = disk.Base >> Page.Shift;
            int at = freed.FindIndex(f => f.After == BootMoment.HugePages);
            freed.Insert(at < 0 ? freed.Count : at, new FreedLater(
                new PageRange(start, start + initrd.Pages), ReserveReason.Initrd, BootMoment.HugePages));
        }
        foreach (FreedLater f in freed)
        {
            if (!_memblock.Reserved.Contains(f.Range.StartPfn << Page.Shift, f.Range.Pages << Page.Shift)
                || !_memblock.Memory.Contains(f.Range.StartPfn << Page.Shift, f.Range.Pages << Page.Shift))
            {
                throw Wrong(_freed[0].Line, $"the frames from 0x{f.Range.StartPfn:x} on are freed ({f.Reason}) and nothing had kept them");
            }
        }
        long said = _freed.Sum(f => f.Pages), found = freed.Sum(f => f.Range.Pages);
        return said == found ? freed : throw Wrong(_freed[0].Line, $"the log frees {said} pages after hand-over and {found} of them have a place");
    }

    private void Take(string text)
    {
        if (text.StartsWith("memblock_", StringComparison.Ordinal))
        {
            TakeCall(text);
        }
        else if (text.StartsWith("MEMBLOCK configuration", StringComparison.Ordinal))
        {
            _dump.Begin();
        }
        else if (text.StartsWith("BIOS-e820:", StringComparison.Ordinal))
        {
            Match entry = Parse(E820(), text, "an entry of the memory map");
            long start = Hex(entry, 1), end = Hex(entry, 2);
            if (end < start)
            {
                throw Wrong("an entry of the memory map ends before it begins");
            }
            // Reserved ranges may lie beyond anything a kernel can use.
            _map.Add(new MemoryRange(start, end - start + 1,
                entry.Groups[3].Value == "usable" ? MemoryRangeType.Usable : MemoryRangeType.Reserved));
        }
        else if (text.StartsWith("Linux version ", StringComparison.Ordinal))
        {
            _profile = ProfileOf(text);
        }
        else if (text.StartsWith("Command line: ", StringComparison.Ordinal) || text.StartsWith("Kernel command line: ", StringComparison.Ordinal))
        {
            _hugePages = !text.Contains("transparent_hugepage=never", StringComparison.Ordinal);
        }
        else if (text.StartsWith("smpboot: Allowing ", StringComparison.Ordinal))
        {
            _cpus = (int)Math.Clamp(Number(Parse(Allowing(), text, "the number of CPUs"), 1), 1, int.MaxValue);
        }
        else if (text.StartsWith("RAMDISK: ", StringComparison.Ordinal) || text.StartsWith("Allocated new RAMDISK: ", StringComparison.Ordinal))
        {
            Match disk = Parse(RamDisk(), text, "the place of the RAM disk");
            _ramDisk = Region(disk);
            Note(_ramDisk.Value, ReserveReason.Initrd);
        }
        else if (text.StartsWith("Memory: ", StringComparison.Ordinal))
        {
            Match count = Parse(Counted(), text, "the kernel's count of its memory");
            _count = (_line, Number(count, 1) - Number(count, 6));
            _sizes = (Number(count, 2), Number(count, 3), Number(count, 4), Number(count, 5));
        }
        else if (text.StartsWith("Freeing ", StringComparison.Ordinal) && _count is not null && Freeing().Match(text) is { Success: true } freeing)
        {
            _freed.Add((freeing.Groups[1].Value, Number(freeing, 2) >> (Page.Shift - 10), _line));
        }
    }

    /// <summary>A call that memblock reports: one that asks says how much, the reservation that follows says where.</summary>
    private void TakeCall(string text)
    {
        if (_count is not null)
        {
            return;
        }
        if (Asked().Match(text) is { Success: true } asked)
        {
            _asked = new BootLogAllocation(_line, Number(asked, 1), Hex(asked, 2), Hex(asked, 3), Hex(asked, 4), asked.Groups[5].Value, -1);
            return;
        }
        Match call = Parse(Call(), text, "a call of memblock");
        MemblockRegion region = Region(call);
        switch (call.Groups[1].Value)
        {
            case "add":
                _memblock.Memory.Add(region.Base, region.Size);
                break;
            case "remove":
                _memblock.Memory.Remove(region.Base, region.Size);
                break;
            case "phys_free" or "free":
                _memblock.Reserved.Remove(region.Base, region.Size);
                break;
            case "reserve":
                Reserve(region, call.Groups["caller"].Value);
                break;
            default:
                throw Wrong($"memblock has no call memblock_{call.Groups[1].Value}");
        }
    }

    private void Reserve(MemblockRegion region, string caller)
    {
        bool placed = caller.StartsWith("memblock_alloc", StringComparison.Ordinal);
        if (placed && _asked is { } asked)
        {
            onAllocation?.Invoke(_memblock, asked with { Address = region.Base });
            if (asked.Size != region.Size)
            {
                throw Wrong($"{asked.Size} bytes were asked for and {region.Size} taken");
            }
            _allocations.Add(asked with { Address = region.Base });
            caller = asked.Caller;
        }
        else if (caller.StartsWith("setup_arch", StringComparison.Ordinal) && _dump.Count == 0)
        {
            _brk = region;
        }
        _memblock.Reserved.Add(region.Base, region.Size);
        _asked = null;
        Note(region, BootLogReasons.Of(caller, region));
    }

    private void EndDump()
    {
        if (_dump.Count > 1)
        {
            if (!_dump.Memory.SequenceEqual(_memblock.Memory) || !_dump.Reserved.SequenceEqual(_memblock.Reserved))
            {
                throw Wrong("the arrays of memblock are not what the calls before add up to; lines are missing");
            }
            return;
        }
        _memblock.Memory.Clear();
        _memblock.Reserved.Clear();
        foreach (MemblockRegion region in _dump.Memory)
        {
            _memblock.Memory.Add(region.Base, region.Size);
        }
        var earlier = _reasons.ToList();
        _reasons.Clear();
        foreach (MemblockRegion region in _dump.Reserved)
        {
            _memblock.Reserved.Add(region.Base, region.Size);
            Note(region, region.Base < 1 << 20 ? ReserveReason.LowMemory
                : _brk is { } brk && region.Base < brk.Base && region.End >= brk.End ? ReserveReason.KernelImage : ReserveReason.Initrd);
        }
        _reasons.AddRange(earlier);
    }

    private MemoryMap Map()
    {
        MemoryMap map;
        try
        {
            map = new MemoryMap(_map);
        }
        catch (ImpossibleMachineException e)
        {
            throw Wrong($"the firmware's memory map cannot be: {e.Message.TrimEnd('.')}");
        }
        if (!map.Usable.SequenceEqual(_memblock.Memory.Select(m => new PageRange((m.Base + Page.Size - 1) >> Page.Shift, m.End >> Page.Shift))))
        {
            throw Wrong("memblock has other memory than the firmware's map; boot without mem=");
        }
        return map;
    }

    /// <summary>What the kernel counted: all memory less what it calls reserved.</summary>
    private void Check(MemoryMap map, int line, long availableKib)
    {
        long pages = _memblock.FreePages([]).Sum(r => r.Pages);
        if (availableKib != pages << (Page.Shift - 10))
        {
            throw Wrong(line, $"the kernel hands over {availableKib} KiB, and the calls before leave "
                + $"{pages << (Page.Shift - 10)} KiB of {map.UsablePageCount << (Page.Shift - 10)}; lines are missing");
        }
    }

    private void Note(MemblockRegion region, ReserveReason reason) => _reasons.Add(new Reservation(
        new PageRange(region.Base >> Page.Shift, (region.End + Page.Size - 1) >> Page.Shift), reason));

    private KernelProfile ProfileOf(string text)
    {
        Match version = Parse(Version(), text, "the version of the kernel");
        string name = version.Groups[1].Value;
        return name.Contains("-686-pae", StringComparison.Ordinal) ? KernelProfile.I386Pae
            : name.Contains("-686", StringComparison.Ordinal) ? KernelProfile.I386
            : name.Contains("-amd64", StringComparison.Ordinal) ? KernelProfile.X86_64
            : throw Wrong($"kernel \"{name}\" is none of Debian's -amd64, -686-pae and -686");
    }

    private MemblockRegion Region(Match match)
    {
        long start = Hex(match, "start"), end = Hex(match, "end");
        // An empty range ends one byte before its start.
        return end >= start - 1
            ? new MemblockRegion(start, end - start + 1)
            : throw Wrong("a range ends before it begins");
    }

    private Match Parse(Regex pattern, string text, string what) =>
        pattern.Match(text) is { Success: true } match ? match : throw Wrong($"this is not {what}: \"{text}\"");

    private long Number(Match match, int group) => match.Groups[group].Value.Length == 0 ? 0
        : long.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value < 1L << 52 ? value
        : throw Wrong($"{match.Groups[group].Value} is out of range");

    private long Hex(Match match, int group) => Hex(match.Groups[group]);

    private long Hex(Match match, string group) => Hex(match.Groups[group]);

    private long Hex(Group group) =>
        long.TryParse(group.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) && value is >= 0 and < 1L << 52
            ? value : throw Wrong($"0x{group.Value} is out of range");

    private BootLogException Wrong(string what) => Wrong(Math.Max(_line, 1), what);

    private BootLogException Wrong(int line, string what) => new(file, line, what);

    [GeneratedRegex(@"^(?:<\d+>)?\s*(?:\[\s*\d+\.\d+\] ?)?")]
    private static partial Regex Stamp();

    [GeneratedRegex(@"^Linux version (\S+)")]
    private static partial Regex Version();

    [GeneratedRegex(@"^BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] (.+)$")]
    private static partial Regex E820();

    [GeneratedRegex(@"^memblock_(\w+): \[0x(?<start>[0-9a-f]+)-0x(?<end>[0-9a-f]+)\] (?<caller>\S+)$")]
    private static partial Regex Call();

    [GeneratedRegex(@"^memblock_\w*alloc\w*: (\d+) bytes align=0x([0-9a-f]+)(?: nid=-?\d+)? from=0x([0-9a-f]+) max_addr=0x([0-9a-f]+) (\S+)$")]
    private static partial Regex Asked();

    [GeneratedRegex(@"^(?:Allocated new )?RAMDISK: \[mem 0x(?<start>[0-9a-f]+)-0x(?<end>[0-9a-f]+)\]$")]
    private static partial Regex RamDisk();

    [GeneratedRegex(@"^smpboot: Allowing (\d+) CPUs")]
    private static partial Regex Allowing();

    [GeneratedRegex(@"^Memory: \d+K/(\d+)K available \((\d+)K kernel code, \d+K rwdata, (\d+)K rodata, (\d+)K init, (\d+)K bss, (\d+)K reserved")]
    private static partial Regex Counted();

    [GeneratedRegex(@"^Freeing (.+) memory: (\d+)K$")]
    private static partial Regex Freeing();
}
