using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Dram;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Dram;

/// <summary>Distances between commands, worked out by hand from the DDR4-2400 table (17-17-17, tRAS 39, tWR 18, tWTR 3/9, tFAW 26).</summary>
public sealed class DramDistanceTests
{
    private readonly DramState _state = new(16);
    private readonly DramController _dram;

    public DramDistanceTests() =>
        _dram = new DramController(new DramOptions(), _state, new Journal(new NullBlockSink(), TestMachine.Catalogue()));

    [Fact]
    public void ClosedHitAndConflict()
    {
        Assert.Equal(17 + 17 + 4, Read(0, 5, 0));
        Assert.Equal(100 + 17 + 4, Read(0, 5, 100));
        Assert.Equal(200 + 17 + 17 + 17 + 4, Read(0, 6, 200));
        Assert.Equal(new DramCounters(3, 1, 1, 1), _dram.Counters);
        Assert.Equal(6, _state.OpenRows[0]);
    }

    [Fact]
    public void ARowStaysOpenForTras()
    {
        Read(0, 5, 0);
        // Activate 0, precharge not before 39, activate 56, read 73, data 90 to 94.
        Assert.Equal(94, Read(0, 6, 10));
    }

    [Fact]
    public void ReadAfterWriteWaitsForTwtrByBankGroup()
    {
        Read(0, 5, 0);
        Read(1, 5, 100);
        Assert.Equal(200 + 12 + 4, Write(0, 5, 200));
        Assert.Equal(216 + 9 + 21, Read(0, 5, 216));
        Assert.Equal(400 + 12 + 4, Write(0, 5, 400));
        Assert.Equal(416 + 3 + 21, Read(1, 5, 416));
    }

    [Fact]
    public void WriteAfterReadWaitsForTheBusToTurn()
    {
        Read(0, 5, 0);
        Assert.Equal(121, Read(0, 5, 100));
        // CL 17 + 4 + 2 − CWL 12: write command at 111 at the earliest.
        Assert.Equal(111 + 16, Write(0, 5, 101));
    }

    [Fact]
    public void ColumnsOfOneBankGroupAreFartherApart()
    {
        Read(0, 5, 0);
        Read(1, 5, 100);
        Assert.Equal(200 + 21, Read(0, 5, 200));
        Assert.Equal(206 + 21, Read(0, 5, 201));
        Assert.Equal(210 + 21, Read(1, 5, 207));
    }

    [Fact]
    public void PrechargeAfterWriteWaitsForTwr()
    {
        Read(0, 5, 0);
        Assert.Equal(216, Write(0, 5, 200));
        // Precharge 216 + 18, activate + 17, read + 17, data + 21.
        Assert.Equal(216 + 18 + 17 + 17 + 21, Read(0, 6, 216));
    }

    [Fact]
    public void ActivatesKeepTrrdAndFourFitInTfaw()
    {
        Assert.Equal(0 + 38, Read(0, 5, 0));
        Assert.Equal(4 + 38, Read(1, 5, 0));
        Assert.Equal(10 + 38, Read(5, 5, 0));
        Assert.Equal(14 + 38, Read(2, 5, 0));
        Assert.Equal(26 + 38, Read(3, 5, 0));
    }

    [Fact]
    public void ACommandFarAheadInTimeBindsNobodyBehind()
    {
        Read(0, 5, 5000);
        Assert.Equal(10 + 21, Read(0, 5, 10));
        Assert.Equal(100 + 55, Read(0, 6, 100));
    }

    [Fact]
    public void RefreshClosesRowsAndBlocksTheRank()
    {
        Read(0, 5, 0);
        Read(4, 5, 100);
        // Due at 9360: two precharges, the last at 9361, tRP 17, tRFC 420, then activate and read.
        Assert.Equal(9361 + 17 + 420 + 38, Read(0, 5, 9360));
        Assert.Equal(1, _state.Refreshes);
        Assert.Equal(DramState.Closed, _state.OpenRows[4]);
        // Four intervals later they are told together; the banks were closed already when the last was due.
        Assert.Equal(5 * 9360 + 1000 + 38, Read(0, 5, 5 * 9360 + 1000));
        Assert.Equal(5, _state.Refreshes);
        Assert.Equal(6 * 9360 + 420 + 17 + 38, Read(0, 5, 6 * 9360 + 5));
    }

    [Theory]
    [InlineData(1, 0x0UL, 0, 0)]
    [InlineData(1, 0x1FC0UL, 0, 0)]
    [InlineData(1, 0x2000UL, 1, 0)]
    [InlineData(1, 0x8000UL, 4, 0)]
    [InlineData(1, 0x1_E000UL, 15, 0)]
    [InlineData(1, 0x2_0000UL, 0, 1)]
    [InlineData(1, 0x1_FFFF_FFC0UL, 15, 65535)]
    [InlineData(2, 0x2_0000UL, 16, 0)]
    [InlineData(2, 0x4_0000UL, 0, 1)]
    public void AddressesMapAsTheOraclesDo(int ranks, ulong address, int bank, int row)
    {
        var geometry = new DramGeometry(ranks);
        Assert.Equal((bank, row), (geometry.BankOf(address), geometry.RowOf(address)));
    }

    [Fact]
    public void WithoutDramEveryAccessTakesTheSame()
    {
        var flat = new DramController(new DramOptions { Enabled = false, FlatLatencyCycles = 33 }, _state, new Journal(new NullBlockSink(), TestMachine.Catalogue()));
        foreach (long now in new long[] { 0, 5, 50_000, 1L << 50 })
        {
            Assert.Equal(now + 33, flat.Access(0x1234_5678, write: false, now, -1));
        }
        Assert.Equal(DramState.Closed, _state.OpenRows[0]);
    }

    private long Read(int bank, int row, long now) => _dram.Access(Address(bank, row), write: false, now, -1);

    private long Write(int bank, int row, long now) => _dram.Access(Address(bank, row), write: true, now, -1);

    private static ulong Address(int bank, int row) => (ulong)row << 17 | (ulong)bank << 13;
}
