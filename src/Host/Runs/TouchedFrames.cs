using System.Buffers.Binary;
using Sim.Kernel.Zones;

namespace Sim.Host.Runs;

/// <summary>
/// Which page frames a run touched in the stretch before a snapshot: one bit for each group of frames. Kept in the
/// snapshot's header, so that whoever asks for a frame's past can pass over stretches in which nothing became of it.
/// </summary>
/// <param name="Since">Events logged before the stretch.</param>
/// <param name="Bits">A bit for each 2^<see cref="FrameTable.TouchedShift"/> frames.</param>
internal sealed record TouchedFrames(long Since, byte[] Bits)
{
    /// <summary>The bytes for a header.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[sizeof(long) + Bits.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Since);
        Bits.CopyTo(bytes, sizeof(long));
        return bytes;
    }

    /// <summary>Reads them; null when there are none.</summary>
    public static TouchedFrames? Of(byte[] attachment) =>
        attachment.Length <= sizeof(long) ? null : new TouchedFrames(BinaryPrimitives.ReadInt64LittleEndian(attachment), attachment[sizeof(long)..]);

    /// <summary>
    /// False when nothing about a frame changed in the stretch: who holds it, its block, its list, its page block's type. A
    /// block's head speaks for the block, and whoever changes a page block's type touches one of its frames.
    /// </summary>
    public bool MayConcern(long pfn, int pageblockOrder)
    {
        long first = pfn & -(1L << pageblockOrder);
        for (long group = first >> FrameTable.TouchedShift; group <= (first + (1L << pageblockOrder) - 1) >> FrameTable.TouchedShift; group++)
        {
            if (IsTouched(group))
            {
                return true;
            }
        }
        for (int order = pageblockOrder; order <= PageOrder.Max; order++)
        {
            if (IsTouched((pfn & -(1L << order)) >> FrameTable.TouchedShift))
            {
                return true;
            }
        }
        return false;
    }

    private bool IsTouched(long group) => group >> 3 >= Bits.Length || (Bits[group >> 3] >> (int)(group & 7) & 1) != 0;
}
