using System.Globalization;
using System.Text;

namespace Sim.Kernel.Zones;

/// <summary>The kernel's text for gfp flags, as trace events and failure reports print them (<c>%pGg</c>, include/trace/events/mmflags.h of 6.1).</summary>
public static class GfpNames
{
    // In the kernel's order: a name is used when all its bits are left.
    private static readonly (GfpFlags Flags, string Name)[] Names =
    [
        (GfpFlags.TransHuge, "GFP_TRANSHUGE"),
        (GfpFlags.TransHugeLight, "GFP_TRANSHUGE_LIGHT"),
        (GfpFlags.HighUserMovable, "GFP_HIGHUSER_MOVABLE"),
        (GfpFlags.HighUser, "GFP_HIGHUSER"),
        (GfpFlags.User, "GFP_USER"),
        (GfpFlags.KernelAccount, "GFP_KERNEL_ACCOUNT"),
        (GfpFlags.Kernel, "GFP_KERNEL"),
        (GfpFlags.NoFs, "GFP_NOFS"),
        (GfpFlags.Atomic, "GFP_ATOMIC"),
        (GfpFlags.NoIo, "GFP_NOIO"),
        (GfpFlags.NoWait, "GFP_NOWAIT"),
        (GfpFlags.Dma, "GFP_DMA"),
        (GfpFlags.HighMem, "__GFP_HIGHMEM"),
        (GfpFlags.Dma32, "GFP_DMA32"),
        (GfpFlags.High, "__GFP_HIGH"),
        (GfpFlags.AtomicBit, "__GFP_ATOMIC"),
        (GfpFlags.Io, "__GFP_IO"),
        (GfpFlags.Fs, "__GFP_FS"),
        (GfpFlags.NoWarn, "__GFP_NOWARN"),
        (GfpFlags.RetryMayFail, "__GFP_RETRY_MAYFAIL"),
        (GfpFlags.NoFail, "__GFP_NOFAIL"),
        (GfpFlags.NoRetry, "__GFP_NORETRY"),
        (GfpFlags.Compound, "__GFP_COMP"),
        (GfpFlags.Zero, "__GFP_ZERO"),
        (GfpFlags.NoMemAlloc, "__GFP_NOMEMALLOC"),
        (GfpFlags.MemAlloc, "__GFP_MEMALLOC"),
        (GfpFlags.Hardwall, "__GFP_HARDWALL"),
        (GfpFlags.ThisNode, "__GFP_THISNODE"),
        (GfpFlags.Reclaimable, "__GFP_RECLAIMABLE"),
        (GfpFlags.Movable, "__GFP_MOVABLE"),
        (GfpFlags.Account, "__GFP_ACCOUNT"),
        (GfpFlags.Write, "__GFP_WRITE"),
        (GfpFlags.NoIo, "__GFP_RECLAIM"),
        (GfpFlags.DirectReclaim, "__GFP_DIRECT_RECLAIM"),
        (GfpFlags.KswapdReclaim, "__GFP_KSWAPD_RECLAIM"),
        (GfpFlags.ZeroTags, "__GFP_ZEROTAGS"),
    ];

    /// <summary>The text; "none" without flags.</summary>
    public static string Format(GfpFlags gfp)
    {
        var text = new StringBuilder();
        GfpFlags left = gfp;
        foreach ((GfpFlags flags, string name) in Names)
        {
            if (left != 0 && (left & flags) == flags)
            {
                text.Append(text.Length > 0 ? "|" : "").Append(name);
                left &= ~flags;
            }
        }
        if (left != 0)
        {
            text.Append(text.Length > 0 ? "|" : "").Append(CultureInfo.InvariantCulture, $"0x{(int)left:x}");
        }
        return text.Length > 0 ? text.ToString() : "none";
    }

    /// <summary>Reads the text.</summary>
    /// <returns>False when a name is unknown.</returns>
    public static bool TryParse(string text, out GfpFlags gfp)
    {
        gfp = GfpFlags.None;
        foreach (string name in text.Split('|'))
        {
            if (Array.FindIndex(Names, n => n.Name == name) is >= 0 and int index)
            {
                gfp |= Names[index].Flags;
            }
            else if (name.StartsWith("0x", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int bits))
            {
                gfp |= (GfpFlags)bits;
            }
            else if (name != "none")
            {
                return false;
            }
        }
        return true;
    }
}
