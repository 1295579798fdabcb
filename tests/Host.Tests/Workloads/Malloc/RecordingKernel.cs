using Sim.Host.Parity;
using Sim.Host.Workloads.Malloc;

namespace Sim.Host.Tests.Workloads.Malloc;

/// <summary>Answers an allocator's system calls from an address space of its own, and writes them down.</summary>
internal sealed class RecordingKernel : IMemoryCalls
{
    public const ulong InitialBreak = 0x10_0000;

    public AddressRanges Ranges { get; } = new(0x7fff_f000_0000);

    public List<string> Calls { get; } = [];

    /// <summary>The break cannot get beyond.</summary>
    public ulong BreakLimit { get; set; } = 1UL << 40;

    /// <summary>mmap fails.</summary>
    public bool MmapFails { get; set; }

    /// <summary>mremap fails.</summary>
    public bool MremapFails { get; set; }

    public ulong Break { get; private set; } = InitialBreak;

    public ulong Brk(ulong address)
    {
        if (address >= InitialBreak && address <= BreakLimit)
        {
            Ranges.Remove(address, Math.Max(address, Break));
            Ranges.Add(Break, Math.Max(address, Break));
            Break = address;
        }
        Calls.Add(address == 0 ? "brk(0)" : $"brk +{(long)(address - InitialBreak)}");
        return Break;
    }

    public ulong? Mmap(ulong lengthBytes)
    {
        Calls.Add($"mmap {lengthBytes}");
        return MmapFails ? null : Ranges.Map(lengthBytes);
    }

    public void Munmap(ulong address, ulong lengthBytes)
    {
        Calls.Add($"munmap {lengthBytes}");
        Assert.False(Ranges.IsFree(address, address + lengthBytes));
        Ranges.Remove(address, address + lengthBytes);
    }

    public ulong? Mremap(ulong address, ulong oldLengthBytes, ulong newLengthBytes)
    {
        Calls.Add($"mremap {oldLengthBytes} {newLengthBytes}");
        return MremapFails ? null : Ranges.Remap(address, oldLengthBytes, newLengthBytes);
    }

    public void DontNeed(ulong address, ulong lengthBytes)
    {
        Assert.Equal(0UL, (address | lengthBytes) % 4096);
        Assert.True(IsMapped(address, lengthBytes));
        Calls.Add($"dontneed {lengthBytes}");
    }

    public bool IsMapped(ulong address, ulong lengthBytes) =>
        Ranges.All.Any(r => r.Start <= address && address + lengthBytes <= r.End);

    public GlibcMalloc Heap(MallocAbi abi) => new(abi, this, new ProgramBreak(this));
}
