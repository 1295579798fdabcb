using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Hardware.Dram;

/// <summary>
/// Which bits of a physical address choose what (one channel of x8 DDR4 devices, 8 GiB a rank):
/// <code>
///  row 16 bits | rank 0–7 bits | bank 2 | bank group 2 | column 7 (lines of 64 bytes) | offset 6
///                               16   15  14           13  12                        6   5    0
/// </code>
/// </summary>
public readonly struct DramGeometry
{
    /// <summary>Banks of a rank: 4 groups of 4.</summary>
    public const int BanksPerRank = 16;

    /// <summary>Bytes of a rank.</summary>
    public const long RankBytes = 8L << 30;

    /// <summary>Bytes of a line: one burst.</summary>
    public const int LineBytes = 64;

    private const int BankShift = 13;

    private readonly int _rowShift;
    private readonly ulong _bankMask;

    public DramGeometry(int ranks)
    {
        Banks = ranks * BanksPerRank;
        _bankMask = (ulong)Banks - 1;
        _rowShift = BankShift + BitOperations.Log2((uint)Banks);
    }

    /// <summary>Banks of all ranks.</summary>
    public int Banks { get; }

    /// <summary>Bank of an address: 16 × rank + 4 × bank in its group + bank group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int BankOf(ulong physicalAddress) => (int)(physicalAddress >> BankShift & _bankMask);

    /// <summary>Row of an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RowOf(ulong physicalAddress) => (int)(physicalAddress >> _rowShift);

    /// <summary>Bank group of a bank, counted through all ranks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GroupOf(int bank) => bank >> 4 << 2 | bank & 3;
}
