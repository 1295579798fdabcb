using System.Numerics;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// What Linux 6.1 keeps on x86, request by request in the kernel's order, so that memblock places each where the kernel's
/// does (<c>setup_arch</c> to <c>mm_init</c>). Sizes of structures are those of Debian's builds; what depends on the machine
/// is computed: its memory map, CPUs, RAM disk, log and command line.
/// </summary>
internal sealed class KernelReservations
{
    private const long Mib = 1L << 20, Line = 64;

    /// <summary>No request that says so goes below (MAX_DMA_ADDRESS).</summary>
    private const long MaxDmaAddress = 16 * Mib;

    private readonly BootReservations _boot;
    private readonly BootOptions _options;
    private readonly int _cpus;
    private readonly bool _is64Bit;
    private readonly KernelImage _image;

    public KernelReservations(BootReservations boot, BootOptions options, int cpus)
    {
        _boot = boot;
        _options = options;
        _cpus = cpus;
        _is64Bit = boot.Profile.Profile == KernelProfile.X86_64;
        _image = KernelImage.Of(boot.Profile.Profile);
        if (options.KernelImageBytes != 0)
        {
            _image = new KernelImage
            {
                StartPfn = _image.StartPfn,
                Brk = _image.Brk,
                Pages = (options.KernelImageBytes + Page.Size - 1) >> Page.Shift,
            };
        }
    }

    private MemoryMap Map => _boot.Map;

    private bool IsPae => _boot.Profile.Profile == KernelProfile.I386Pae;

    /// <summary>Keeps it.</summary>
    /// <exception cref="ImpossibleMachineException">The memory does not hold it.</exception>
    public void Keep()
    {
        KeepImage();
        long disk = KeepRamDisk();
        _boot.Reserve(0, Mib, ReserveReason.LowMemory);
        if (_is64Bit)
        {
            KeepDirectMapTables();
        }
        KeepLog();
        if (!_is64Bit && disk > 0)
        {
            MoveRamDisk(disk);
        }
        if (_is64Bit)
        {
            KeepSparseMemMap();
        }
        else
        {
            KeepFlatMemMap();
        }
        KeepTables();
        KeepPerCpuAreas();
        _boot.Alloc(BootHash.DentryBytes(_boot.Profile, Map), Line, ReserveReason.DentryHash);
        _boot.Alloc(BootHash.InodeBytes(_boot.Profile, Map), Line, ReserveReason.InodeHash);
        KeepFixedMappings();
        long missing = BootReservations.DirectMapTablePages(Map, _boot.Profile) - _boot.Kept(ReserveReason.DirectMapTables);
        if (missing > 0)
        {
            // The simulated direct mapping covers holes between memory too, and needs tables where the kernel's has none.
            _boot.Alloc(missing << Page.Shift, Page.Size, ReserveReason.DirectMapTables);
        }
    }

    private void KeepImage()
    {
        _boot.ReserveFree(new PageRange(_image.StartPfn, _image.EndPfn + _image.Brk), ReserveReason.KernelImage);
        long tables = Math.Min(DirectMap.HeapTables, _image.Brk);
        _boot.Note(_image.EndPfn << Page.Shift, (_image.Brk - tables) << Page.Shift, ReserveReason.Brk);
        _boot.Note((_image.EndPfn + _image.Brk - tables) << Page.Shift, tables << Page.Shift, ReserveReason.DirectMapTables);
        foreach (FreedLater freed in _image.Freed.Where(f => f.After == BootMoment.Pagesets))
        {
            _boot.FreeLater(freed);
        }
    }

    /// <summary>The boot loader puts the RAM disk below the last 64 KiB boundary of memory under 4 GiB; freed when it is unpacked.</summary>
    private long KeepRamDisk()
    {
        long size = (_options.InitrdBytes + Page.Size - 1) & -Page.Size;
        long end = Map.Usable.Where(r => r.StartPfn < 1 << 20).Max(r => Math.Min(r.EndPfn, 1 << 20)) << Page.Shift & -(1L << 16);
        var disk = new PageRange((end - size) >> Page.Shift, end >> Page.Shift);
        if (size > 0)
        {
            _boot.ReserveFree(disk, ReserveReason.Initrd);
        }
        if (_is64Bit)
        {
            _boot.FreeLater(new FreedLater(disk, ReserveReason.Initrd, BootMoment.HugePages));
            FreeInitSections();
        }
        else if (size == 0)
        {
            FreeInitSections();
        }
        return disk.Pages > 0 ? disk.StartPfn : 0;
    }

    private void FreeInitSections()
    {
        foreach (FreedLater freed in _image.Freed.Where(f => f.After == BootMoment.HugePages))
        {
            _boot.FreeLater(freed);
        }
    }

    /// <summary>A 32-bit kernel copies a RAM disk that lies beyond its permanent mapping into it (<c>relocate_initrd</c>).</summary>
    private void MoveRamDisk(long start)
    {
        long size = (_options.InitrdBytes + Page.Size - 1) & -Page.Size;
        if ((start << Page.Shift) + size > _boot.Memblock.CurrentLimit)
        {
            long old = start << Page.Shift;
            start = _boot.Alloc(size, Page.Size, ReserveReason.Initrd) >> Page.Shift;
            _boot.Memblock.Reserved.Remove(old, size);
        }
        _boot.FreeLater(new FreedLater(new PageRange(start, start + (size >> Page.Shift)), ReserveReason.Initrd, BootMoment.HugePages));
        FreeInitSections();
    }

    private void KeepDirectMapTables()
    {
        var heap = new PageRange(_image.EndPfn + _image.Brk - DirectMap.HeapTables, _image.EndPfn + _image.Brk);
        foreach (long table in new DirectMap(_boot.Memblock, Map, heap).Build())
        {
            _boot.Note(table, Page.Size, ReserveReason.DirectMapTables);
        }
    }

    /// <summary>The log's text, descriptors and records, where the buffers in the image do not do (<c>setup_log_buf</c>).</summary>
    private void KeepLog()
    {
        const long inImage = 1 << 17, perCpu = 1 << 12, textPerRecord = 32, recordBytes = 88;
        long extra = (_cpus - 1) * perCpu;
        long size = _options.LogBufferBytes != 0 ? _options.LogBufferBytes : extra > inImage / 2 ? inImage + extra : 0;
        size = (long)BitOperations.RoundUpToPowerOf2((ulong)size);
        if (size > inImage)
        {
            long align = _is64Bit ? 8 : 4;
            _boot.Alloc(size, align, ReserveReason.LogBuffer);
            _boot.Alloc(size / textPerRecord * (_is64Bit ? 24 : 12), align, ReserveReason.LogBuffer);
            _boot.Alloc(size / textPerRecord * recordBytes, align, ReserveReason.LogBuffer);
        }
    }

    /// <summary>
    /// The node's description, the index of sections, and a memory map of 2 MiB for each section that has memory, mapped
    /// with large pages (<c>sparse_init</c>).
    /// </summary>
    private void KeepSparseMemMap()
    {
        const long nodeBytes = 43 * Page.Size, rootsBytes = 32768, sectionsPerRoot = 128, blockTypeBytes = 56, mapBytes = 2 * Mib;
        const long sectionBytes = ZoneProfile.SectionPages << Page.Shift, mapsPerTable = 512;
        long node = _boot.Alloc(nodeBytes, Line, ReserveReason.NodeData);
        long[] sections = [.. Sections()];
        _boot.Alloc(rootsBytes, Line, ReserveReason.Sections);
        foreach (long _ in sections.Select(s => s / sectionsPerRoot).Distinct())
        {
            _boot.Alloc(Page.Size, Line, ReserveReason.Sections);
        }
        long goal = node & -sectionBytes;
        _boot.Alloc(sections.Length * blockTypeBytes, Line, ReserveReason.Sections, goal, goal + sectionBytes);
        _boot.Alloc(sections.Length * mapBytes, mapBytes, ReserveReason.MemMap, MaxDmaAddress);
        long tables = 1 + sections.Select(s => s / mapsPerTable).Distinct().Count();
        for (long table = 0; table < tables; table++)
        {
            _boot.Alloc(Page.Size, Page.Size, ReserveReason.MemMap, MaxDmaAddress);
        }
    }

    private IEnumerable<long> Sections()
    {
        long next = 0;
        foreach (PageRange range in Map.Usable)
        {
            long end = (range.EndPfn + ZoneProfile.SectionPages - 1) / ZoneProfile.SectionPages;
            for (next = Math.Max(next, range.StartPfn / ZoneProfile.SectionPages); next < end; next++)
            {
                yield return next;
            }
        }
    }

    /// <summary>One <c>struct page</c> for every frame number up to a multiple of the greatest block, and the zones' page-block types (<c>alloc_node_mem_map</c>, <c>setup_usemap</c>).</summary>
    private void KeepFlatMemMap()
    {
        const long blockPages = 1L << PageOrder.Max, typeBits = 4, wordBits = 32;
        long frames = (Map.EndPfn + blockPages - 1) & -blockPages;
        _boot.Alloc(frames * _boot.Profile.StructPageBytes, Line, ReserveReason.MemMap);
        long pageblock = 1L << _boot.Profile.PageblockOrder;
        foreach (ZoneRange zone in _boot.Profile.Cut(Map).Where(z => z.SpannedPages > 0))
        {
            long blocks = (zone.SpannedPages + (zone.StartPfn & (pageblock - 1)) + pageblock - 1) / pageblock;
            _boot.Alloc(((blocks * typeBits) + wordBits - 1) / wordBits * (wordBits / 8), Line, ReserveReason.Sections);
        }
    }

    /// <summary>Clock, interrupt controller, resources, firmware map, what hibernation leaves out, command lines.</summary>
    private void KeepTables()
    {
        int entries = Map.Ranges.Count;
        // Page 0 is taken out of the entry that has it.
        int resources = entries + (Map.Ranges.Any(r => r.Type == MemoryRangeType.Usable && r.Start == 0 && r.Length > Page.Size) ? 1 : 0);
        Small(_is64Bit ? 73 : IsPae ? 49 : 41);
        Small(_is64Bit ? 75 : IsPae ? 51 : 43);
        Small(resources * (_is64Bit ? 64 : IsPae ? 40 : 32));
        for (int i = 0; i < entries; i++)
        {
            Small(_is64Bit ? 104 : 64);
        }
        foreach (PageRange _ in Map.Usable)
        {
            Small(_is64Bit ? 32 : 16);
        }
        Small(_options.CommandLineBytes + 1);
        Small(_options.CommandLineBytes + 1);
    }

    /// <summary>
    /// The CPUs' static areas: units in chunks of 2 MiB on x86-64 and of their own size on i386, of which what no CPU uses is
    /// given back, and the allocator's tables for them (<c>pcpu_embed_first_chunk</c>, mm/percpu.c).
    /// </summary>
    private void KeepPerCpuAreas()
    {
        long used = (_is64Bit ? 62 : 33) * Page.Size, chunk = _is64Bit ? 2 * Mib : used;
        int units = _is64Bit ? UnitsPerChunk(chunk, used) : 1;
        int chunks = (_cpus + units - 1) / units;
        long info = _boot.Alloc(Page.Size, Page.Size, ReserveReason.BootTables);
        long areas = _boot.Alloc(Page.Size, Line, ReserveReason.BootTables);
        long unit = chunk / units, size = _is64Bit ? chunk : chunk * chunks;
        long[] starts = new long[_is64Bit ? chunks : 1];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = _boot.Alloc(size, _is64Bit ? chunk : Page.Size, ReserveReason.PerCpuAreas, MaxDmaAddress);
        }
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            long start = (_is64Bit ? starts[cpu / units] + (cpu % units * unit) : starts[0] + (cpu * unit)) >> Page.Shift;
            _boot.PerCpuAreas.Add(new PageRange(start, start + (used >> Page.Shift)));
        }
        _boot.PerCpuLinked = _is64Bit ? 0 : _image.PerCpuStart(_boot.Profile.Profile);
        for (int i = 0; _is64Bit && i < starts.Length; i++)
        {
            Give(starts[i], i * units);
        }
        int[] tables = _is64Bit
            ? [8, 8, 4 * _cpus, 8 * _cpus, 368, 144, 256, 264, 64, 144, 896, 904, 224]
            : [4, 4, 4 * _cpus, 4 * _cpus, 152, 96, 1024, 1028, 256];
        foreach (int bytes in tables)
        {
            Small(bytes);
        }
        _boot.Memblock.Reserved.Remove(info, Page.Size);
        _boot.Memblock.Reserved.Remove(areas, Page.Size);
        for (int mask = 0; _is64Bit && mask < 5; mask++)
        {
            Small(8 * ((_cpus + 63) / 64));
        }

        void Give(long start, int firstCpu)
        {
            for (int i = 0; i < units; i++)
            {
                long kept = firstCpu + i < _cpus ? used : 0;
                _boot.Memblock.Reserved.Remove(start + (i * unit) + kept, unit - kept);
            }
        }
    }

    /// <summary>Units per chunk that waste at most a third of a unit per CPU in the fewest chunks (<c>pcpu_build_alloc_info</c>).</summary>
    private int UnitsPerChunk(long chunk, long used)
    {
        int best = 1, fewest = int.MaxValue;
        for (int units = (int)(chunk / used); units > 0; units--)
        {
            int chunks = (_cpus + units - 1) / units;
            if (chunk % units != 0 || chunk / units % Page.Size != 0 || (chunks * units) - _cpus > _cpus / 3)
            {
                continue;
            }
            if (chunks > fewest)
            {
                break;
            }
            (fewest, best) = (chunks, units);
        }
        return best;
    }

    /// <summary>
    /// Tables for the CPUs' entry areas or, with PAE, for the temporary mappings; on x86-64 with memory above 4 GiB the bounce
    /// buffers for devices that do not reach it (<c>setup_cpu_entry_areas</c>, <c>swiotlb_init</c>).
    /// </summary>
    private void KeepFixedMappings()
    {
        const int entryAreaPages = 59, entriesPerTable = 512;
        int tables = _is64Bit ? 2 + ((1 + (_cpus * entryAreaPages) + entriesPerTable - 1) / entriesPerTable) : IsPae ? 2 : 0;
        for (int table = 0; table < tables; table++)
        {
            _boot.Alloc(Page.Size, Page.Size, ReserveReason.BootTables);
        }
        if (_is64Bit && Map.EndPfn > 1 << 20)
        {
            const long bufferBytes = 64 * Mib, slotBytes = bufferBytes / 2048 * 24, fourGiB = 1L << 32;
            _boot.Alloc(bufferBytes, Page.Size, ReserveReason.BounceBuffers, 0, fourGiB - 1);
            _boot.Alloc(slotBytes, Page.Size, ReserveReason.BounceBuffers);
            Small(16 * (int)BitOperations.RoundUpToPowerOf2((uint)_cpus));
        }
    }

    private void Small(int bytes) => _boot.Alloc(bytes, Line, ReserveReason.BootTables);
}
