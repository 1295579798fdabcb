using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Engine.Events;
using Sim.Engine.Time;
using Sim.Hardware.Cpu;

namespace Sim.Hardware.Dram;

/// <summary>
/// One channel of DRAM with open rows, in <c>atomic</c> mode: a request is served when it comes and the answer is the cycle at
/// which its last data are on the bus. All JEDEC distances between commands are kept: CL, CWL, tRCD, tRP, tRAS, tRTP,
/// tWR, tCCD, tRRD, tFAW, tWTR, read to write, tRFC at every tREFI.
/// </summary>
/// <remarks>
/// Several CPUs may ask in an order that is not that of time, because each runs ahead of the clock by up to a quantum. A
/// distance from a command that lies further ahead than any distance can reach belongs to that future and is ignored.
/// </remarks>
public sealed class DramController
{
    private const int ActivatesInWindow = 4;

    private readonly DramOptions _options;
    private readonly DramTimings _timings;
    private readonly DramGeometry _geometry;
    private readonly DramState _state;
    private readonly Journal _journal;
    private readonly int[] _openRows;
    private readonly BankTiming[] _banks;
    private readonly long[] _activates;
    private readonly int[] _activateIndex, _lastActivateGroup;
    private readonly ClockRatio _toPs;
    private readonly int _readCycles, _writeCycles, _readQuiet, _writeQuiet;
    private readonly long _reach;
    private readonly bool _logHits;

    private long _nextRefresh;
    private long _quiet;
    private long _lastRead, _lastWrite;
    private int _lastReadGroup, _lastWriteGroup;
    private long _requests, _closed, _conflicts;

    /// <param name="options">What memory it is.</param>
    /// <param name="state">The open rows.</param>
    /// <param name="journal">Where events go.</param>
    /// <param name="detail">Whether row hits are logged.</param>
    public DramController(DramOptions options, DramState state, Journal journal, LogDetail detail = LogDetail.Normal)
    {
        _options = options;
        _timings = DramTimings.ByName(options.Preset);
        _geometry = new DramGeometry(options.Ranks);
        _state = state;
        _journal = journal;
        _openRows = state.OpenRowArray;
        _banks = new BankTiming[_geometry.Banks];
        _activates = new long[options.Ranks * ActivatesInWindow];
        _activateIndex = new int[options.Ranks];
        _lastActivateGroup = new int[options.Ranks];
        _toPs = new ClockRatio((ulong)_timings.Clock.PeriodNumeratorPs, (ulong)_timings.Clock.PeriodDenominator);
        _readCycles = _timings.CL + _timings.Burst;
        _writeCycles = _timings.CWL + _timings.Burst;
        _readQuiet = Math.Max(_timings.CCD_L, _timings.RTW);
        _writeQuiet = Math.Max(_timings.CCD_L, _writeCycles + _timings.WTR_L);
        _reach = _timings.RFC + _timings.RAS + _timings.RP + _timings.WR + _geometry.Banks;
        _logHits = detail == LogDetail.Full;
        _nextRefresh = options.Refresh && options.Enabled ? _timings.REFI : long.MaxValue;
        // Nothing has happened yet: no command may bind the first ones.
        const long never = long.MinValue / 4;
        Array.Fill(_banks, new BankTiming { ActivateReady = never, Activated = never, LastRead = never, WriteEnd = never });
        Array.Fill(_activates, never);
        _lastRead = _lastWrite = never;
        // Without rows no access is a row hit, so the fast path is never taken.
        _quiet = options.Enabled ? never : long.MaxValue;
    }

    /// <summary>The memory's clock.</summary>
    public ClockDomain Clock => _timings.Clock;

    /// <summary>What requests found.</summary>
    public DramCounters Counters => new(_requests, _requests - _closed - _conflicts, _closed, _conflicts);

    /// <summary>Serves a request.</summary>
    /// <param name="physicalAddress">Any byte of the line.</param>
    /// <param name="write">Write, or read.</param>
    /// <param name="now">Memory-clock cycle at which it comes.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    /// <returns>The memory-clock cycle at which its data have been transferred.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Access(ulong physicalAddress, bool write, long now, long cause)
    {
        int bank = _geometry.BankOf(physicalAddress);
        int row = _geometry.RowOf(physicalAddress);
        if (Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_openRows), bank) == row
            && now >= _quiet && now < _nextRefresh && !_logHits)
        {
            _requests++;
            return Column(bank, write, now);
        }
        return AccessWithDistances(bank, row, write, now, cause);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long Column(int bank, bool write, long column)
    {
        ref BankTiming timing = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_banks), bank);
        if (write)
        {
            long end = column + _writeCycles;
            timing.WriteEnd = end;
            _lastWrite = column;
            _lastWriteGroup = DramGeometry.GroupOf(bank);
            _quiet = column + _writeQuiet;
            return end;
        }
        timing.LastRead = column;
        _lastRead = column;
        _lastReadGroup = DramGeometry.GroupOf(bank);
        _quiet = column + _readQuiet;
        return column + _readCycles;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long AccessWithDistances(int bank, int row, bool write, long now, long cause)
    {
        _requests++;
        if (!_options.Enabled)
        {
            return now + _options.FlatLatencyCycles;
        }
        if (now >= _nextRefresh)
        {
            Refresh(now, cause);
        }
        long column = now;
        int open = _openRows[bank];
        if (open != row)
        {
            column = Activate(bank, row, open != DramState.Closed, now, cause) + _timings.RCD;
        }
        else
        {
            column = After(column, _banks[bank].Activated + _timings.RCD);
            if (_logHits)
            {
                _journal.TimePs = _toPs.Floor(now);
                _journal.Emit(new DramHit((short)bank, write), cause);
            }
        }
        int group = DramGeometry.GroupOf(bank);
        if (write)
        {
            column = After(column, _lastRead + _timings.RTW);
            column = After(column, _lastWrite + (group == _lastWriteGroup ? _timings.CCD_L : _timings.CCD_S));
        }
        else
        {
            column = After(column, _lastRead + (group == _lastReadGroup ? _timings.CCD_L : _timings.CCD_S));
            column = After(column, _lastWrite + _writeCycles + (group == _lastWriteGroup ? _timings.WTR_L : _timings.WTR_S));
        }
        return Column(bank, write, column);
    }

    private long Activate(int bank, int row, bool conflict, long now, long cause)
    {
        ref BankTiming timing = ref _banks[bank];
        long activate;
        if (conflict)
        {
            _conflicts++;
            long precharge = After(now, timing.Activated + _timings.RAS);
            precharge = After(precharge, timing.LastRead + _timings.RTP);
            precharge = After(precharge, timing.WriteEnd + _timings.WR);
            activate = precharge + _timings.RP;
        }
        else
        {
            _closed++;
            activate = After(now, timing.ActivateReady);
        }
        int rank = bank / DramGeometry.BanksPerRank;
        int group = DramGeometry.GroupOf(bank);
        int index = _activateIndex[rank];
        Span<long> window = _activates.AsSpan(rank * ActivatesInWindow, ActivatesInWindow);
        long last = window[(index + ActivatesInWindow - 1) % ActivatesInWindow];
        activate = After(activate, last + (group == _lastActivateGroup[rank] ? _timings.RRD_L : _timings.RRD_S));
        activate = After(activate, window[index] + _timings.FAW);
        window[index] = activate;
        _activateIndex[rank] = (index + 1) % ActivatesInWindow;
        _lastActivateGroup[rank] = group;
        timing.Activated = activate;

        _journal.TimePs = _toPs.Floor(now);
        var e = new DramActivate((short)bank, row);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return activate;
    }

    /// <summary>Catches up with refreshes that fell due: open rows are precharged one command a cycle, then all banks wait for tRFC.</summary>
    private void Refresh(long now, long cause)
    {
        long count = 1 + (now - _nextRefresh) / _timings.REFI;
        long due = _nextRefresh + (count - 1) * _timings.REFI;
        long start = due;
        bool anyOpen = false;
        if (count == 1)
        {
            for (int bank = 0; bank < _openRows.Length; bank++)
            {
                if (_openRows[bank] == DramState.Closed)
                {
                    continue;
                }
                ref BankTiming timing = ref _banks[bank];
                start = After(anyOpen ? start + 1 : start, timing.Activated + _timings.RAS);
                start = After(start, timing.LastRead + _timings.RTP);
                start = After(start, timing.WriteEnd + _timings.WR);
                anyOpen = true;
            }
        }
        long ready = start + (anyOpen ? _timings.RP : 0) + _timings.RFC;
        foreach (ref BankTiming timing in _banks.AsSpan())
        {
            timing.ActivateReady = ready;
        }
        _nextRefresh = due + _timings.REFI;

        _journal.TimePs = _toPs.Floor(now);
        var e = new DramRefresh(count);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>The later of the two, unless <paramref name="ready"/> belongs to the future of a CPU that runs ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long After(long cycle, long ready) => ready > cycle && ready - cycle <= _reach ? ready : cycle;
}
