using System.Globalization;
using System.Text.RegularExpressions;

namespace Sim.Kernel.Boot;

/// <summary>The arrays of memblock as the kernel writes them out under "MEMBLOCK configuration:".</summary>
internal sealed partial class BootLogDump
{
    /// <summary>Dumps begun so far.</summary>
    public int Count { get; private set; }

    /// <summary>The lines that follow may belong to a dump.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>The memory of the last dump.</summary>
    public MemblockRegions Memory { get; } = new();

    /// <summary>The reservations of the last dump.</summary>
    public MemblockRegions Reserved { get; } = new();

    public void Begin()
    {
        Count++;
        IsUnderWay = true;
        Memory.Clear();
        Reserved.Clear();
    }

    /// <summary>Takes a line of the dump; false when the dump is over.</summary>
    public bool TryTake(string text)
    {
        if (Entry().Match(text) is { Success: true } entry)
        {
            long start = Hex(entry.Groups[2]), end = Hex(entry.Groups[3]);
            if (start >= 0 && end >= start)
            {
                (entry.Groups[1].Value == "memory" ? Memory : Reserved).Add(start, end - start + 1);
            }
            return true;
        }
        IsUnderWay = Heading().IsMatch(text);
        return IsUnderWay;
    }

    private static long Hex(Group group) =>
        long.TryParse(group.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) && value < 1L << 52 ? value : -1;

    [GeneratedRegex(@"^\s*(memory|reserved)\[0x[0-9a-f]+\]\s+\[0x([0-9a-f]+)-0x([0-9a-f]+)\], 0x[0-9a-f]+ bytes")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\s*(memory size = |(memory|reserved)\.cnt )")]
    private static partial Regex Heading();
}
