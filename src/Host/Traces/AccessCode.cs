using System.Runtime.CompilerServices;

namespace Sim.Host.Traces;

/// <summary>
/// What encoder and decoder of accesses share. An access is one token byte (kind, size code, length class of the difference) and
/// the difference between its address and a predicted one, in 0, 1, 2 or 8 bytes. A fetch is predicted from what followed the previous
/// fetch's address last time, else to be the next instruction; data are predicted at the address that the same instruction
/// touched last time, which is the last-value predictor of address-trace compressors (Burtscher et al., "The VPC
/// Trace-Compression Algorithms", IEEE Transactions on Computers 54(11), 2005). Both tables start empty in every chunk.
/// </summary>
internal static class AccessCode
{
    internal const int SlotBits = 12;
    internal const int Slots = 1 << SlotBits;

    /// <summary>Size code of a size that the table lacks; the size itself stands in the escape column.</summary>
    internal const int EscapedSize = 0;

    /// <summary>The sizes of data accesses by code. A fetch of 1 to 15 bytes is its own code.</summary>
    internal static ReadOnlySpan<ushort> DataSizes => [0, 1, 2, 4, 8, 16, 32, 64, 3, 6, 10, 12, 28, 108, 256, 512];

    /// <summary>Bytes of a difference by class.</summary>
    internal static ReadOnlySpan<byte> DeltaLengths => [0, 1, 2, 8];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Slot(ulong address) => (uint)((address * 0x9E37_79B9_7F4A_7C15) >> (64 - SlotBits));

    /// <summary>The slot of the n-th datum an instruction touches: its own slot, then slots a fixed distance on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint DataSlot(uint instructionSlot, uint ordinal) => (instructionSlot + (ordinal * 1031)) & (Slots - 1);

    internal static int SizeCode(TraceRecordKind kind, uint size)
    {
        if (kind == TraceRecordKind.Fetch)
        {
            return size is >= 1 and <= 15 ? (int)size : EscapedSize;
        }

        return size is >= 1 and <= 512 ? Math.Max(DataSizes.IndexOf((ushort)size), EscapedSize) : EscapedSize;
    }

    internal static int DeltaClass(long delta) =>
        delta == 0 ? 0 : delta == (sbyte)delta ? 1 : delta == (short)delta ? 2 : 3;
}
